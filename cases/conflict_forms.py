"""The shape of a conflict that somebody declares."""

from django import forms
from django.utils.translation import gettext_lazy

from cases.models.conflict import REASON_LIMIT


class ConflictForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("What the conflict is"),
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Only leads read it. You are out of this case then, and cannot come back into it."),
    )
