"""The shape of what an account holder answers."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.forms import AnswerForm
from cases.models.claim import TEXT_LIMIT
from cases.models.hearing import ANSWER_LIMIT
from tipstaff.time import latest_today
from tipstaff.vault.forms import FilesField


class HeardForm(AnswerForm):
    answer = forms.CharField(
        label=gettext_lazy("Your answer"),
        max_length=ANSWER_LIMIT,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("Write in the language you like best. You can send it once."),
    )
    files = FilesField(label=gettext_lazy("Files that show what you say"))  # type: ignore[assignment]


class ResearchForm(forms.Form):
    """The part of an answer that claims the act as research in good faith; empty where it is not claimed."""

    research = forms.BooleanField(label=gettext_lazy("I did this as research in good faith"), required=False)
    scope = forms.CharField(
        label=gettext_lazy("What was tested, and what for"),
        required=False,
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": TEXT_LIMIT}),
        help_text=gettext_lazy("So that whoever assesses it can see what you wanted to find or to mend."),
    )
    began_on = forms.DateField(
        label=gettext_lazy("First day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    ended_on = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("It can cover only what was done on these days."),
    )
    disclosed = forms.CharField(
        label=gettext_lazy("Whom you told, and when"),
        required=False,
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": TEXT_LIMIT}),
        help_text=gettext_lazy(
            "Us or anybody else. It need not have been announced; leave it empty if you told nobody."
        ),
    )

    @property
    def claimed(self) -> bool:
        return bool(self.is_bound and self.cleaned_data.get("research"))

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        typed = [name for name in ("scope", "began_on", "ended_on", "disclosed") if facts.get(name)]
        if not facts.get("research"):
            if typed:
                self.add_error("research", _("Tick this if you claim it, or empty the fields below."))
            return facts
        for name, sentence in (
            ("scope", _("Say what was tested.")),
            ("began_on", _("Say on which day it began.")),
            ("ended_on", _("Say on which day it ended; today, if it goes on.")),
        ):
            if name not in self.errors and not facts.get(name):
                self.add_error(name, sentence)
        self._check_days(facts)
        return facts

    def _check_days(self, facts: dict[str, Any]) -> None:
        began, ended = facts.get("began_on"), facts.get("ended_on")
        if began and began > latest_today():
            self.add_error("began_on", _("That day has not come yet."))
        if began and ended and ended < began:
            self.add_error("ended_on", _("The last day comes before the first."))
