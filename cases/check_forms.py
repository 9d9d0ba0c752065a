"""The checklist as one form: each point with its answer, and why where it does not apply."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.checklists import points_of
from cases.models import Case, Check
from cases.models.check import REASON_LIMIT


class ChecklistForm(forms.Form):
    prefix = "check"

    def __init__(self, data: Any = None, *, case: Case, known: dict[str, Check]) -> None:
        super().__init__(data)
        self.known, self.points = known, points_of(case.rule_group)
        for point in self.points:
            check = known.get(point.key)
            self.fields[point.key] = forms.ChoiceField(
                label=point.text,
                choices=[("", gettext_lazy("Open")), *Check.Answer.choices],
                required=False,
                initial=check.answer if check else "",
                widget=forms.RadioSelect,
            )
            self.fields[f"{point.key}-why"] = forms.CharField(
                label=gettext_lazy("Why it does not apply"),
                required=False,
                max_length=REASON_LIMIT,
                initial=check.reason if check else "",
            )

    def rows(self) -> list[dict[str, Any]]:
        """Each point with its two fields and its newest answer."""
        return [
            {
                "point": point,
                "answer": self[point.key],
                "why": self[f"{point.key}-why"],
                "check": self.known.get(point.key),
            }
            for point in self.points
        ]

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        for point in self.points:
            if facts.get(point.key) == Check.Answer.NOT_APPLICABLE and not facts.get(f"{point.key}-why", "").strip():
                self.add_error(f"{point.key}-why", _("Say why it does not apply."))
        return facts

    def changed(self) -> list[dict[str, str]]:
        """The answers that are not written down yet."""
        found = []
        for point in self.points:
            answer, why = self.cleaned_data.get(point.key, ""), self.cleaned_data.get(f"{point.key}-why", "").strip()
            why = why if answer == Check.Answer.NOT_APPLICABLE else ""
            check = self.known.get(point.key)
            if answer and (check is None or (check.answer, check.reason) != (answer, why)):
                found.append({"point": point.key, "answer": answer, "reason": why})
        return found
