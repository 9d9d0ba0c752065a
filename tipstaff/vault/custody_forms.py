"""What the acts of custody need beside the press of a button."""

from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.time import now
from tipstaff.vault.models import REASON_LIMIT, Disposal, LegalHold, RetentionClock, Unsealing


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Stays in the history."),
    )

    @property
    def facts(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class DownloadForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("What do you need the original for?"),
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Stays in the custody log of the file, with your name."),
    )


class HoldForm(forms.ModelForm):
    class Meta:
        model = LegalHold
        fields = ("on", "basis", "reason")
        widgets = {"reason": forms.Textarea(attrs={"rows": 3})}
        help_texts = {"on": gettext_lazy("A reference with its kind: case:C-0001, subject:acct_1, file:….")}


class UnsealForm(forms.ModelForm):
    class Meta:
        model = Unsealing
        fields = ("reason",)
        widgets = {"reason": forms.Textarea(attrs={"rows": 3})}


class DisposeForm(forms.ModelForm):
    class Meta:
        model = Disposal
        fields = ("ground", "reason")
        widgets = {"reason": forms.Textarea(attrs={"rows": 3})}


class RetainForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("Why longer?"), choices=RetentionClock.Kind.choices)
    until = forms.DateField(
        label=gettext_lazy("Until the end of"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    basis = forms.CharField(
        label=gettext_lazy("Basis"), max_length=300, help_text=gettext_lazy("The law, order or matter it rests on.")
    )

    def clean_until(self) -> date:
        day: date = self.cleaned_data["until"]
        if day <= now().date():
            raise forms.ValidationError(_("Choose a day that lies ahead."))
        return day

    @property
    def facts(self) -> dict[str, Any]:
        return self.cleaned_data | {"until": datetime.combine(self.cleaned_data["until"], time.max, tzinfo=UTC)}
