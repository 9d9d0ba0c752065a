"""The shape of what people type about authorities."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Referral, Withholding
from cases.models.referral import LONGEST
from tipstaff.time import now


class ReferralForm(forms.ModelForm):
    class Meta:
        model = Referral
        fields = ["authority", "authority_ref", "basis", "handed_over"]
        labels = {
            "authority": gettext_lazy("Which authority was told"),
            "authority_ref": gettext_lazy("Its reference, if it gave one"),
            "basis": gettext_lazy("The law that asks for it or allows it"),
            "handed_over": gettext_lazy("What was handed over"),
        }
        help_texts = {
            "handed_over": gettext_lazy("Name it: exhibits, account data, times. Describe no content."),
            "authority_ref": "",
            "basis": "",
        }
        widgets = {"basis": forms.Textarea(attrs={"rows": 2}), "handed_over": forms.Textarea(attrs={"rows": 3})}


class WithholdingForm(forms.ModelForm):
    until = forms.DateTimeField(
        label=gettext_lazy("Until when (UTC)"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("The mail leaves by itself then."),
    )

    class Meta:
        model = Withholding
        fields = ["authority", "order_ref", "basis", "until"]
        labels = {
            "authority": gettext_lazy("Which authority asked for it"),
            "order_ref": gettext_lazy("The number of its order"),
            "basis": gettext_lazy("The law that allows it"),
        }
        help_texts = {"order_ref": ""}
        widgets = {"basis": forms.Textarea(attrs={"rows": 2})}

    def clean_until(self) -> Any:
        until = self.cleaned_data["until"]
        if not now() < until <= now() + LONGEST:
            raise forms.ValidationError(_("Say until when: a time ahead, and no more than a year from now."))
        return until

    def validate_constraints(self) -> None:
        """Left to the operation, which completes the row before the database looks at it."""


class TellForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why the account holder can be told now"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
