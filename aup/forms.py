"""Shapes of what the policy pages take; whether an act may happen is the operations' own business."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.models import PolicyVersion, Rule

SEARCH_LENGTH = 100
REASON_LENGTH = 2000


class RuleSelect(forms.Select):
    """Says of each rule in which language it is written, which may not be the page's."""

    def create_option(self, name: str, value: Any, *rest: Any, **options: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *rest, **options)
        if value:
            option["attrs"] |= {"lang": settings.POLICY_LANGUAGE, "dir": "auto"}
        return option


class RuleFilter(forms.Form):
    """The search on the public page; what it does not know it leaves out."""

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


class WhichVersion(forms.Form):
    version = forms.CharField(max_length=20, required=False)


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


class WithdrawForm(ReasonForm, ConfirmForm):
    pass


FORMS: dict[str, type[OperationForm]] = {
    "schedule": ScheduleForm,
    "return_to_draft": ReasonForm,
    "publish": ConfirmForm,
    "withdraw": WithdrawForm,
}
