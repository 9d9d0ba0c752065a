"""The shape of a verdict."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.decision_forms import outcomes
from cases.models import Decision
from cases.models.verdict import REASON_LIMIT, REASON_MINIMUM


class VerdictForm(forms.Form):
    outcome = forms.ChoiceField(label=gettext_lazy("What you would decide"))
    tier = forms.ChoiceField(label=gettext_lazy("Tier, for a breach"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("Why, in a sentence"),
        min_length=REASON_MINIMUM,
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *arguments: Any, decision: Decision, **options: Any) -> None:
        super().__init__(*arguments, **options)
        offered = outcomes(decision.case.subject)
        self.fields["outcome"].choices = [("", "---------"), *offered]  # type: ignore[attr-defined]
        tiers = decision.rule.version.matrix.document["tiers"]
        choices = [("", _("none")), *((tier["code"], f"{tier['code']}: {tier['title']}") for tier in tiers)]
        self.fields["tier"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        if facts.get("outcome") != Decision.Outcome.BREACH:
            facts["tier"] = ""
        elif not facts.get("tier"):
            self.add_error("tier", _("Choose the tier that you would impose."))
        return facts
