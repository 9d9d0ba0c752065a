"""The shape of what is said about reports that came after a decision was proposed."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from cases.models import Case
from cases.models.case import UNWEIGHED_LIMIT, WEIGHED_MINIMUM


class WeighForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why it does not change the decision"),
        min_length=WEIGHED_MINIMUM,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    seen = forms.CharField(required=False, max_length=UNWEIGHED_LIMIT * 21, widget=forms.HiddenInput)

    @classmethod
    def on(cls, case: Case, data: Any = None) -> "WeighForm":
        """With the references of the reports that the page shows, so that none is weighed that came after it."""
        return cls(data, prefix="weigh", initial={"seen": " ".join(case.unweighed)})

    @property
    def facts(self) -> dict[str, Any]:
        return {"reason": self.cleaned_data["reason"], "read": self.cleaned_data["seen"].split()}
