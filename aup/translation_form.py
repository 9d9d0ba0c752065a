"""The form of one translation: a field for each sentence of the original, and what changed in that since."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup import checks, diff
from aup.digests import digest
from aup.models import Translation
from aup.rule_form import Prose
from aup.schema import TRANSLATED
from aup.wording import Text, stale_parts
from tipstaff.languages import direction

LABELS = {
    "title": gettext_lazy("Title"),
    "summary": gettext_lazy("Summary"),
    "binding_instrument": gettext_lazy("Why it binds"),
    "data": gettext_lazy("Data"),
    "tasks": gettext_lazy("Tasks"),
    "contexts": gettext_lazy("Where it applies"),
    "rationale": gettext_lazy("Why this version"),
    "changelog": gettext_lazy("What changed"),
    "description": gettext_lazy("Description"),
    "statement": gettext_lazy("The rule"),
    "action": gettext_lazy("What it is about"),
    "threshold": gettext_lazy("From when it bites"),
    "conditions": gettext_lazy("Conditions"),
    "allowed": gettext_lazy("Examples: allowed"),
    "prohibited": gettext_lazy("Examples: not allowed"),
    "corrective": gettext_lazy("To put it right"),
    "monitoring": gettext_lazy("Watched afterwards"),
    "enforcement": gettext_lazy("Usual sanctions"),
}
LINE_LENGTH = 70  # characters in a row of a field, roughly
MOST_ROWS = 14


@dataclass(frozen=True)
class Row:
    """A part side by side: sentences of the original with their fields, and how the original changed meanwhile."""

    part: str
    label: str
    pairs: list[tuple[str, forms.BoundField]]
    change: tuple[list[diff.Part], list[diff.Part]] | None


class TranslationForm(forms.Form):
    """`words` is there once it is valid. `opened` and `seen` are digests of the translation and of the original."""

    opened = forms.CharField(required=False, widget=forms.HiddenInput)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    is_filter = True

    def __init__(self, data: Mapping[str, Any] | None = None, *, row: Translation, original: Text) -> None:
        self.row, self.original = row, original
        super().__init__(data, initial={"opened": self.opened_as, "seen": digest(original)})
        self.names: dict[str, list[str]] = {}
        schema = TRANSLATED[row.kind]
        for part, text in original.items():
            given = kept(part, row, text)
            many = isinstance(text, list)
            self.names[part] = [f"{part}-{place}" for place in range(len(text))] if many else [part]
            limit = schema[part]["items"]["maxLength"] if many else schema[part]["maxLength"]
            sentences = zip(self.names[part], text if many else [text], given if many else [given], strict=True)
            for place, (name, sentence, words) in enumerate(sentences, start=1):
                self.fields[name] = self._field(part, place if many else 0, sentence, limit)
                self.initial[name] = words

    @property
    def opened_as(self) -> str:
        """What the page shows of the translation, as a digest; empty for one that is not written yet."""
        return digest(self.row.words) if not self.row._state.adding else ""

    def _field(self, part: str, place: int, sentence: str, limit: int) -> forms.CharField:
        label = str(LABELS[part])
        if place:
            label = _("%(what)s, entry %(number)s") % {"what": label, "number": place}
        rows = min(MOST_ROWS, max(2, 1 + len(sentence) // LINE_LENGTH + sentence.count("\n")))
        attributes = {"rows": rows, "lang": self.row.language, "dir": direction(self.row.language)}
        return Prose(label=label, required=False, max_length=limit, widget=forms.Textarea(attrs=attributes))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        self.words: Text = {}
        for part, names in self.names.items():
            typed = [given[name] for name in names]
            if not any(typed):
                continue
            if empty := [name for name, words in zip(names, typed, strict=True) if not words]:
                self.add_error(empty[0], _("Translate every entry, or leave all of them empty."))
            self.words[part] = typed if isinstance(self.original[part], list) else typed[0]
        if not self.words:
            self.add_error(None, _("Translate at least one part."))
        if not self.errors:
            for problem in checks.translation_problems(self.row.kind, self.words, self.original):
                part = str(problem.path[0]) if problem.path else ""
                self.add_error(self.names.get(part, [None])[0], capfirst(checks.sentence(problem)) + ".")
        return given

    def rows(self) -> Iterator[Row]:
        stale = set(stale_parts(self.row.words, self.row.source, self.original))
        for part, names in self.names.items():
            text = self.original[part]
            change = None
            if part in stale:
                change = diff.words(diff.said(self.row.source.get(part)), diff.said(text))
            sentences = text if isinstance(text, list) else [text]
            pairs = [(sentence, self[name]) for sentence, name in zip(sentences, names, strict=True)]
            yield Row(part, str(LABELS[part]), pairs, change)

    def left_over(self) -> list[str]:
        """What was typed beside sentences that the original does not have any more."""
        known = {*self.fields, "csrfmiddlewaretoken", "save", "next", "take_out"}
        return [words for name, words in self.data.items() if name not in known and str(words).strip()]


def kept(part: str, row: Translation, text: Any) -> Any:
    """What a field begins with: the words there are. Entries of a list follow the sentences they were made from."""
    words, source = row.words.get(part), row.source.get(part)
    if not isinstance(text, list):
        return words or ""
    if not words or not isinstance(source, list):
        return [""] * len(text)
    by_sentence = dict(zip(source, words, strict=False))
    same_size = len(source) == len(text)
    return [by_sentence.get(sentence, words[place] if same_size else "") for place, sentence in enumerate(text)]
