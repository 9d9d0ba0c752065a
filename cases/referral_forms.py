"""The shape of what people type about authorities."""

from typing import Any

from django import forms
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Case, Consent, Referral, Withholding
from cases.models.referral import LONGEST
from tipstaff.time import now

REPORTERS = 100  # of one case, offered by name of their report


class ReferralForm(forms.ModelForm):
    named = forms.MultipleChoiceField(
        label=gettext_lazy("Reporters who were named"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Tick one only if the authority was told who they are. By default nobody is."),
    )

    class Meta:
        model = Referral
        fields = ["authority", "authority_ref", "basis", "handed_over", "named", "duty"]
        labels = {
            "authority": gettext_lazy("Which authority was told"),
            "authority_ref": gettext_lazy("Its reference, if it gave one"),
            "basis": gettext_lazy("The law that asks for it or allows it"),
            "handed_over": gettext_lazy("What was handed over"),
            "duty": gettext_lazy("The law that compels naming them without consent"),
        }
        help_texts = {
            "handed_over": gettext_lazy("Name it: exhibits, account data, times. Describe no content."),
            "authority_ref": "",
            "basis": "",
            "duty": gettext_lazy("Only where one was named who has not agreed."),
        }
        widgets = {
            "basis": forms.Textarea(attrs={"rows": 2}),
            "handed_over": forms.Textarea(attrs={"rows": 3}),
            "duty": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *arguments: Any, case: Case, **options: Any) -> None:
        super().__init__(*arguments, **options)
        named: Any = self.fields["named"]
        named.choices = _reporters(case)
        if not named.choices:
            del self.fields["named"], self.fields["duty"]


def _reporters(case: Case) -> list[tuple[str, str]]:
    """The reports of the case that came with an address, and what their reporters said to being named. One query."""
    agreed = Consent.objects.filter(report=OuterRef("pk"), recipient=Consent.Recipient.AUTHORITY)
    words = dict(Consent.State.choices)
    rows = case.reports.exclude(contact="").order_by("received_at")
    latest = rows.annotate(said=Subquery(agreed.order_by("-asked_at").values("state")[:1]))[:REPORTERS]
    none = _("not asked")
    return [(ref, f"{ref}: {str(words.get(said, none)).lower()}") for ref, said in latest.values_list("ref", "said")]


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
