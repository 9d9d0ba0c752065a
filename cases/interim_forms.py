"""The shape of what people type about interim measures."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models import Interim, Sanction
from cases.models.interim import REASON_LIMIT, REASON_MINIMUM, SCOPE_LIMIT

QUOTAS = [(percent, f"{percent} %") for percent in (75, 50, 25, 10)]


class InterimForm(forms.Form):
    """The lightest measure stands first and is chosen unless somebody chooses another."""

    kind = forms.ChoiceField(label=gettext_lazy("Measure"), widget=forms.RadioSelect)
    quota_percent = forms.TypedChoiceField(
        label=gettext_lazy("Share of the normal quota"), choices=QUOTAS, coerce=int, initial=50
    )
    scope = forms.CharField(
        label=gettext_lazy("Which feature"),
        required=False,
        max_length=SCOPE_LIMIT,
        help_text=gettext_lazy("For the loss of a feature: the one that is misused, and nothing more."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Why it cannot wait"),
        min_length=REASON_MINIMUM,
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The account holder reads this: what is to be feared until the decision."),
    )
    lighter = forms.CharField(
        label=gettext_lazy("Why a lighter measure is not enough"),
        required=False,
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("For a suspension only. The account holder reads this too."),
    )

    def __init__(self, *arguments: Any, interim: Interim, **options: Any) -> None:
        super().__init__(*arguments, **options)
        allowed = interim.rules["types"]
        light = [kind for kind in ("rate_limit", "feature_restriction") if kind in allowed]
        kinds: list[tuple[str, Any]] = [(kind, Sanction.Kind(kind).label) for kind in light]
        if "temporary_suspension" in allowed:
            kinds.append(("temporary_suspension", _("Suspension of the whole account")))
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]
        self.fields["kind"].initial = kinds[0][0] if kinds else None

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        if facts.get("kind") == "feature_restriction" and not facts.get("scope", "").strip():
            self.add_error("scope", _("Name the feature: everything else stays as it is."))
        if facts.get("kind") == "temporary_suspension" and len(facts.get("lighter", "").strip()) < REASON_MINIMUM:
            self.add_error("lighter", _("A suspension stops everything. Say why a limit or a feature is not enough."))
        return facts

    @property
    def terms(self) -> dict[str, Any]:
        """What the gateway is told besides the kind."""
        facts = self.cleaned_data
        if facts["kind"] == "rate_limit":
            return {"quota_percent": facts["quota_percent"]}
        return {"scope": facts["scope"].strip()} if facts["kind"] == "feature_restriction" else {"scope": "account"}


class RuleOutForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why nothing has to be limited before the decision"),
        min_length=REASON_MINIMUM,
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class LiftInterimForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why it ends now"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("The account holder reads this."),
    )
