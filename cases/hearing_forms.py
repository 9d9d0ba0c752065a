"""The shape of a question to an account holder, as the desk types it."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, ngettext_lazy

from cases.models.hearing import DAYS, PURPOSE_LIMIT, QUESTION_LIMIT, USUAL_DAYS
from tipstaff.time import now


class HearingForm(forms.Form):
    question = forms.CharField(
        label=gettext_lazy("What do you ask?"),
        max_length=QUESTION_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("They read it as you write it. Say nothing by which they could tell who reported it."),
    )
    purpose = forms.CharField(
        label=gettext_lazy("What is the answer needed for?"),
        max_length=PURPOSE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("They read this, too."),
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("Time to answer"),
        choices=[(days, ngettext_lazy("%(days)s day", "%(days)s days", days) % {"days": days}) for days in DAYS],
        coerce=int,
        initial=USUAL_DAYS,
    )

    @property
    def columns(self) -> dict[str, Any]:
        facts = self.cleaned_data
        return {
            "question": facts["question"],
            "purpose": facts["purpose"],
            "until": now() + timedelta(days=facts["days"]) - timedelta(seconds=1),
        }


class TakeBackForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why no answer is needed any more"),
        max_length=300,
        help_text=gettext_lazy("For the history. The account holder is told that the question was taken back."),
    )
