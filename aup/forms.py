"""Shapes of what the policy pages take; whether an act may happen is the operations' own business."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.models import PolicyVersion, Rule
from aup.models.acknowledgement import SIGNATORY_LIMIT
from tipstaff.places import named

SEARCH_LENGTH = 100
REASON_LENGTH = 2000


class RuleSelect(forms.Select):
    """Says of each rule in which language it is written, which may not be the page's."""

    def create_option(self, name: str, value: Any, *rest: Any, **options: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *rest, **options)
        if value:
            option["attrs"] |= {"lang": settings.POLICY_LANGUAGE, "dir": "auto"}
        return option


class AcknowledgeForm(forms.Form):
    """That one read the version shown. Refused when another took effect since the page was opened."""

    number = forms.CharField(max_length=20, widget=forms.HiddenInput)
    signatory = forms.CharField(
        label=gettext_lazy("Who answers"),
        help_text=gettext_lazy("Your name or your role, so that your own organisation can tell later who read it."),
        max_length=SIGNATORY_LIMIT,
        required=False,
    )

    def __init__(self, data: Any, *, version: PolicyVersion | None, asks_who: bool) -> None:
        self.in_force = version.number if version else ""
        super().__init__(data, initial={"number": self.in_force})
        if not asks_who:
            del self.fields["signatory"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("number") != self.in_force:
            self.data = {**self.data.dict(), "number": self.in_force}
            raise forms.ValidationError(
                _("Version %(number)s took effect since you opened this page. Read what changed, then say so.")
                % {"number": self.in_force}
            )
        return {"signatory": ""} | cleaned


class RuleFilter(forms.Form):
    """The search on the public page: one form, every field of it optional. What is offered is what the rules of the
    version say; what it does not know it leaves out.
    """

    is_filter = True
    q = forms.CharField(
        label=gettext_lazy("Search the rules"),
        max_length=SEARCH_LENGTH,
        required=False,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    disposition = forms.ChoiceField(
        label=gettext_lazy("Show"),
        choices=[("", gettext_lazy("All rules")), *Rule.Disposition.choices],
        required=False,
    )
    audience = forms.ChoiceField(
        label=gettext_lazy("Who it binds"),
        choices=[("", gettext_lazy("Anyone")), *Rule.Audience.choices],
        required=False,
    )
    modality = forms.ChoiceField(label=gettext_lazy("Form of content"), required=False)
    place = forms.ChoiceField(label=gettext_lazy("Where"), required=False)
    product = forms.ChoiceField(label=gettext_lazy("Product"), required=False)

    def __init__(self, data: Any, *, version: PolicyVersion, language: str) -> None:
        """Bound only where the address names a field of it: `?lang=` is none."""
        super().__init__(data if self.base_fields.keys() & data.keys() else None)
        self.language = language
        self.rules = version.rules.filter(enabled=True)
        modalities, places, products = self.rules.vocabulary()
        labels = dict(Rule.Modality.choices)
        self._offer("modality", _("All forms"), [(word, labels.get(word, word)) for word in modalities])
        self._offer(
            "place", _("Everywhere"), sorted(((place, named(place)) for place in places), key=lambda place: place[1])
        )
        self._offer("product", _("All products"), [(product, product) for product in products])

    def _offer(self, name: str, everything: str, choices: list[tuple[str, Any]]) -> None:
        """Nothing to choose from, no field."""
        if choices:
            self.fields[name].choices = [("", everything), *choices]
        else:
            del self.fields[name]

    def chosen(self) -> list[Rule]:
        """The enabled rules that were asked for, with their groups; all of them if the form was not understood."""
        rules = self.rules.select_related("group").order_by("position")
        if not (self.is_bound and self.is_valid()):
            return list(rules)
        asked = self.cleaned_data
        rules = rules.matching(asked["q"], self.language).made_of(asked.get("modality", ""))
        rules = rules.applying_in(asked.get("place", ""))
        rules = rules.in_product(asked.get("product", "")).binding(asked["audience"])
        if asked["disposition"]:
            rules = rules.filter(disposition=asked["disposition"])
        return list(rules)


class WhichVersion(forms.Form):
    version = forms.CharField(max_length=20, required=False)


class CompareForm(forms.Form):
    """Two versions by their numbers."""

    is_filter = True

    def __init__(self, *args: Any, versions: list[PolicyVersion], **options: Any) -> None:
        super().__init__(*args, **options)
        numbers = [(version.number, version.number) for version in versions]
        for name, label in (("from", _("From version")), ("to", _("To version"))):
            self.fields[name] = forms.ChoiceField(
                label=label,
                choices=numbers,
                error_messages={"invalid_choice": _("There is no version %(value)s to compare.")},
            )


class OperationForm(forms.Form):
    """What an act on a version needs beside the press of its button. `facts` goes to the operation."""

    def __init__(self, *args: Any, version: PolicyVersion, **options: Any) -> None:
        super().__init__(*args, **options)
        self.version = version

    @property
    def facts(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "confirm"}


class ScheduleForm(OperationForm):
    effective_from = forms.DateTimeField(
        label=gettext_lazy("In force from (UTC)"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


class ReasonForm(OperationForm):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea,
        help_text=gettext_lazy("Stays in the history of the version."),
    )


class ConfirmForm(OperationForm):
    """For acts that reach everybody and cannot be taken back."""

    confirm = forms.CharField(label=gettext_lazy("Reference"), max_length=20)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["confirm"].help_text = _("Type %(ref)s to confirm.") % {"ref": self.version.ref}

    def clean_confirm(self) -> str:
        typed = str(self.cleaned_data["confirm"]).strip()
        if typed.upper() != self.version.ref:
            raise forms.ValidationError(_("Type %(ref)s, the reference of this version.") % {"ref": self.version.ref})
        return typed


class NumberForm(forms.Form):
    number = forms.CharField(
        label=gettext_lazy("Number of the new version"),
        max_length=20,
        help_text=gettext_lazy("Such as 1.1. Rules are cited by it."),
    )


class WithdrawForm(ReasonForm, ConfirmForm):
    pass


FORMS: dict[str, type[OperationForm]] = {
    "schedule": ScheduleForm,
    "return_to_draft": ReasonForm,
    "publish": ConfirmForm,
    "withdraw": WithdrawForm,
}
