"""The shape of what people type about waivers and the committee; nothing is decided and nothing saved here."""

from typing import Any
from uuid import UUID, uuid4, uuid5

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.models import PolicyVersion, Rule
from governance.models import Waiver
from governance.models.dossier import TEXT_LIMIT, TOPIC_LIMIT
from governance.models.waiver_guards import shortcomings
from tipstaff.time import now
from tipstaff.vault.forms import FilesField

EMPTY = ("", "---------")
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def prose(label: Any, limit: int = TEXT_LIMIT, *, rows: int = 4, **options: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "dir": "auto"})
    return forms.CharField(label=label, max_length=limit, widget=widget, **options)


class WaivableRule(forms.ModelChoiceField):
    """A rule in force by its code. Only those that can be waived are offered; another one is refused in a sentence."""

    def __init__(self, **options: Any) -> None:
        super().__init__(queryset=Rule.objects.none(), to_field_name="code", **options)

    def offer(self) -> None:
        self.queryset = Rule.objects.in_force(now()).select_related("group", "version__catalogue")
        groups: dict[str, list[tuple[str, str]]] = {}
        for rule in self.queryset.filter(waivable=True).order_by("group__position", "position"):
            groups.setdefault(rule.group.title, []).append((rule.code, f"{rule.code} {rule.title}"))
        self.choices = [EMPTY, *groups.items()]


class AskForm(forms.Form):
    """What is asked for. `clean` says all that would stand in the way of submitting it, before files are read."""

    submission = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    topic = forms.CharField(
        label=gettext_lazy("In one line, what do you ask for?"),
        max_length=TOPIC_LIMIT,
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("What kind of waiver is it?"),
        choices=Waiver.Kind,
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Some rules forbid, with exceptions: ask for an exemption. Others restrict: ask for permission."
        ),
    )
    rule = WaivableRule(label=gettext_lazy("Which rule is it about?"))
    second_rule = WaivableRule(label=gettext_lazy("Another rule, if it needs one"), required=False)
    exemption = forms.ChoiceField(
        label=gettext_lazy("For an exemption: on what ground?"),
        required=False,
        help_text=gettext_lazy("The page of the rule says which grounds it knows."),
    )
    conduct = prose(
        gettext_lazy("What exactly would you do?"),
        help_text=gettext_lazy("Be precise: only what stands here would be permitted."),
    )
    purpose = prose(gettext_lazy("What for?"), rows=3)
    accounts = forms.CharField(
        label=gettext_lazy("Which accounts is it for?"),
        max_length=500,
        help_text=gettext_lazy("Account ids, or the name of the organisation. A waiver holds for nobody else."),
    )
    data_involved = prose(gettext_lazy("Which data is involved?"), rows=3)
    jurisdictions = forms.CharField(label=gettext_lazy("In which countries?"), max_length=300)
    safeguards = prose(
        gettext_lazy("How do you keep it safe?"),
        help_text=gettext_lazy("Who watches, what is limited, what is deleted and when."),
    )
    residual_risk = prose(gettext_lazy("What could still go wrong?"), rows=3, required=False)
    starts_on = forms.DateField(label=gettext_lazy("First day"), widget=DAY)
    ends_on = forms.DateField(
        label=gettext_lazy("Last day"),
        widget=DAY,
        help_text=gettext_lazy("Every waiver ends, after a year at the latest."),
    )
    disclosure = forms.ChoiceField(
        label=gettext_lazy("What may we say about it in public?"),
        choices=Waiver.Disclosure,
        widget=forms.RadioSelect,
        initial=Waiver.Disclosure.PUBLIC,
    )
    disclosure_reason = prose(
        gettext_lazy("If confidential: why?"),
        2000,
        rows=2,
        required=False,
    )
    applicant_name = forms.CharField(label=gettext_lazy("Your name and organisation"), max_length=200)
    contact = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        help_text=gettext_lazy("We send the link there with which you follow your request, and the answer."),
    )
    files = FilesField(label=gettext_lazy("Files that support it"))  # type: ignore[assignment]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name in ("rule", "second_rule"):
            self.fields[name].offer()
        version = PolicyVersion.objects.select_related("catalogue").in_force(now())
        known = version.catalogue.document["exemptions"] if version else {}
        self.fields["exemption"].choices = [EMPTY] + [
            (code, found["title"]) for code, found in known.items() if found["grant"] != "automatic"
        ]

    @property
    def rules(self) -> list[Rule]:
        chosen = (self.cleaned_data.get("rule"), self.cleaned_data.get("second_rule"))
        return list(dict.fromkeys(rule for rule in chosen if rule))

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of the request as typed."""
        apart = {"submission", "rule", "second_rule", "files"}
        return {name: value for name, value in self.cleaned_data.items() if name not in apart}

    @property
    def key(self) -> UUID:
        """The same form sent twice gives the same key; one that was changed in between gives another."""
        typed = "\n".join(f"{name}={value}" for name, value in sorted(self.columns.items()))
        codes = " ".join(rule.code for rule in self.rules)
        return uuid5(self.cleaned_data["submission"], f"{codes}\n{typed}")

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        if facts.get("kind") == Waiver.Kind.PERMISSION:
            facts["exemption"] = ""
        elif facts.get("kind") and not facts.get("exemption"):
            self.add_error("exemption", _("An exemption needs a ground."))
        if not self.errors:
            for sentence in shortcomings(Waiver(**self.columns), self.rules):
                self.add_error(None, sentence)
        return facts


class AnswerForm(forms.Form):
    """The applicant's answer to what was asked, and what they change in the request for it."""

    answer = prose(gettext_lazy("Your answer"))
    conduct = prose(gettext_lazy("What exactly would you do?"))
    safeguards = prose(gettext_lazy("How do you keep it safe?"))
    files = FilesField(label=gettext_lazy("Files that support it"))  # type: ignore[assignment]


class StatementForm(forms.Form):
    statement = prose(
        gettext_lazy("How are the conditions kept?"),
        help_text=gettext_lazy("Go through them one by one. A waiver lapses when this statement is missing."),
    )
    files = FilesField(label=gettext_lazy("Files that show it"))  # type: ignore[assignment]
