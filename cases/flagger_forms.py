"""The forms with which the status of a trusted flagger is given and taken."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from cases.models.flagger import REASON_LIMIT, Flagger
from tipstaff.accounts.models import Token
from tipstaff.permissions import Permission
from tipstaff.time import now


class FlaggerForm(forms.ModelForm):
    ends_at = forms.DateField(
        label=gettext_lazy("Until"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("The status ends by itself on that day; grant it again after looking at the record."),
    )

    class Meta:
        model = Flagger
        fields = ["name", "contact", "token", "reason", "ends_at"]
        widgets = {"reason": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        token: Any = self.fields["token"]
        usable = Token.objects.usable(now()).filter(scopes__contains=[Permission.REPORT_FILE])
        taken = Flagger.objects.filter(revoked_at=None, token__isnull=False).values("token")
        token.queryset = usable.exclude(pk__in=taken).order_by("name")

    def clean_ends_at(self) -> datetime:
        day = self.cleaned_data["ends_at"]
        if day <= now().date():
            raise forms.ValidationError(gettext_lazy("Choose a day to come."))
        return datetime.combine(day, time(), tzinfo=UTC)


class RevokeForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why it ends"),
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("They are told this by mail."),
    )
