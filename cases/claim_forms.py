"""The shape of a claim of research and of its assessment."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from cases.models import Claim
from cases.models.claim import REASONS_MINIMUM, TEXT_LIMIT


class ClaimForm(forms.ModelForm):
    class Meta:
        model = Claim
        fields = ["made_by", "scope", "began_on", "ended_on", "disclosed"]
        widgets = {
            "made_by": forms.RadioSelect,
            "scope": forms.Textarea(attrs={"rows": 3}),
            "disclosed": forms.Textarea(attrs={"rows": 2}),
            "began_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "ended_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["made_by"].choices = Claim.By.choices  # type: ignore[attr-defined]

    def validate_constraints(self) -> None:
        """Left to the operation, which says it in words."""


class AssessForm(forms.Form):
    """What becomes of a claim: accepted or refused, with reasons."""

    accepted = forms.ChoiceField(
        label=gettext_lazy("Was it research in good faith?"),
        choices=[("yes", gettext_lazy("Yes: accept it")), ("no", gettext_lazy("No: refuse it"))],
        widget=forms.RadioSelect,
    )
    limits = forms.MultipleChoiceField(
        label=gettext_lazy("Which limit it went beyond"),
        required=False,
        choices=Claim.Limit.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("For a refusal, if one of them is the reason."),
    )
    reasons = forms.CharField(
        label=gettext_lazy("Reasons"),
        min_length=REASONS_MINIMUM,
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("What was done, and not who did it. A refusal is told in these words."),
    )

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        if facts.get("accepted") == "yes":
            facts["limits"] = []
        return facts


class WithdrawForm(forms.Form):
    reasons = forms.CharField(
        label=gettext_lazy("Who withdrew it, and how you know"),
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
