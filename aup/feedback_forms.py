"""The shape of what people write about the policy, and of the answers; nothing is decided and nothing saved here."""

from typing import Any
from uuid import UUID, uuid4, uuid5

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.forms import RuleSelect
from aup.models import Feedback, PolicyVersion, Rule
from aup.models.feedback import TEXT_LIMIT
from tipstaff.accounts.models import User


class FeedbackForm(forms.Form):
    """About `version`. A `person` who is signed in is asked for no address: their account has one."""

    submission = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    version = forms.CharField(widget=forms.HiddenInput)  # the one that was read, whichever binds by now
    kind = forms.ChoiceField(
        label=gettext_lazy("What is it about?"),
        choices=Feedback.Kind,
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "So that we look for the right thing: other words, a missing safeguard, or another rule."
        ),
    )
    rule = forms.ModelChoiceField(
        label=gettext_lazy("Which rule?"),
        queryset=Rule.objects.none(),
        to_field_name="code",
        required=False,
        widget=RuleSelect,
        help_text=gettext_lazy("So that it reaches whoever works on that rule. A guess is fine."),
    )
    text = forms.CharField(
        label=gettext_lazy("What should we know?"),
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 7, "dir": "auto"}),
        help_text=gettext_lazy(
            "What you wanted to do, what the rule says about it, and what came of it. An example helps most. Leave out "
            "names of other people: only those who write the policy read this."
        ),
    )
    contact = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        required=False,
        help_text=gettext_lazy("Only to send you the receipt and the answer. Without it, a link shows you the same."),
    )

    def __init__(self, *arguments: Any, version: PolicyVersion, person: User | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.about, self.person = version, person
        self.fields["version"].initial = version.number
        if person is not None:
            del self.fields["contact"]
        self._offer(self.fields["rule"])

    def _offer(self, field: Any) -> None:
        field.queryset = self.about.rules.filter(enabled=True).select_related("group")
        groups: dict[str, list[tuple[str, str]]] = {}
        for rule in field.queryset.order_by("group__position", "position"):
            groups.setdefault(rule.group.title, []).append((rule.code, f"{rule.code} {rule.title}"))
        field.choices = [("", _("The policy as a whole, or I am not sure")), *groups.items()]

    @property
    def columns(self) -> dict[str, Any]:
        given = self.cleaned_data
        contact = self.person.email if self.person else given["contact"]
        columns = {name: given[name] for name in ("kind", "rule", "text")}
        return columns | {"version": self.about, "contact": contact, "filed_by": self.person}

    @property
    def key(self) -> UUID:
        """The same form sent twice gives the same key; one that was changed in between gives another."""
        typed = "\n".join(f"{name}={value}" for name, value in sorted(self.columns.items()))
        return uuid5(self.cleaned_data["submission"], typed)


class LinkForm(forms.Form):
    """A version that `feedback` may have led to."""

    led_to = forms.ModelChoiceField(
        label=gettext_lazy("Version that it led to"),
        queryset=PolicyVersion.objects.none(),
        to_field_name="ref",
        help_text=gettext_lazy(
            "May be a draft. The public history counts it with that version once it is published, without the text."
        ),
    )

    def __init__(self, *arguments: Any, feedback: Feedback, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field: Any = self.fields["led_to"]
        field.queryset = feedback.could_have_led_to()
        field.label_from_instance = _named
        field.initial = feedback.led_to.ref if feedback.led_to else None


def _named(version: PolicyVersion) -> str:
    return f"{version.number} · {version.get_state_display()}"


class AnswerForm(LinkForm):
    answer = forms.CharField(
        label=gettext_lazy("Answer"),
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
        help_text=gettext_lazy(
            "Sent as it stands, in the language of the one who wrote if you can. It cannot be changed."
        ),
    )
    field_order = ["answer", "led_to"]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["led_to"].required = False
