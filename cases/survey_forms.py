"""The survey after an outcome: three questions on a scale, and room for a word."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from cases.models.survey import QUESTIONS, SCALE, TEXT_LIMIT

ENDS = {1: gettext_lazy("1: not at all"), 5: gettext_lazy("5: fully")}


class SurveyForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("What should we do better?"),
        required=False,
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": TEXT_LIMIT}),
        help_text=gettext_lazy("So that we know what to change. Name nobody: whoever checks our work reads it."),
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        choices = [(number, ENDS.get(number, str(number))) for number in SCALE]
        asked = {
            name: forms.TypedChoiceField(
                label=question, choices=choices, coerce=int, widget=forms.RadioSelect(attrs={"class": "scale"})
            )
            for name, question in QUESTIONS.items()
        }
        self.fields = asked | self.fields
