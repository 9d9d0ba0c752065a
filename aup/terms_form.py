"""The shape of what the page of terms sends: a field for each term, and one reason for all that change."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.digests import carried
from aup.matrix import terms
from aup.matrix.editing import REASON_LIMIT
from aup.matrix.terms import APPROVERS, Term

DAYS_LIMIT = 3650  # where the shape names no most


class TermsForm(forms.Form):
    """Every term as a field, in groups. `seen` says what the reader saw, so that only what they changed is changed."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        label=gettext_lazy("Why these terms change"),
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": REASON_LIMIT}),
        help_text=gettext_lazy("Kept in the history of the version."),
    )

    def __init__(self, data: Any = None, *, document: Mapping[str, Any], editable: bool) -> None:
        self.document = document
        self.groups = list(terms.groups(document))
        self.known = terms.terms(document)
        super().__init__(data, initial={"seen": json.dumps({name: term.value for name, term in self.known.items()})})
        for name, term in self.known.items():
            self.fields[name] = _field(term)
            self.fields[name].disabled = not editable

    def in_groups(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """Title and fields of each group."""
        for group in self.groups:
            yield group.title, [self[term.name] for term in group.terms]

    @cached_property
    def was_seen(self) -> dict[str, Any]:
        """What the reader saw, by name; what the page did not say is taken as it is now."""
        given = carried(self.data.get("seen", ""))
        return {name: given.get(name, term.value) for name, term in self.known.items()}

    @property
    def changes(self) -> list[dict[str, Any]]:
        """What the operation is to do: every term that differs from what the reader saw."""
        return [
            {"term": name, "was": was, "value": value}
            for name, was in self.was_seen.items()
            if (value := self.cleaned_data[name]) != was
        ]

    def renewed(self) -> "TermsForm":
        """What the reader changed, put over the terms as they are now, so that they can look and save again."""
        changed = {change["term"] for change in self.changes}
        now = {name: term.value for name, term in self.known.items() if name not in changed}
        data = {name: value for name, value in self.data.items() if name not in now}
        data |= {name: value for name, value in now.items() if value is not False}
        return TermsForm(data | {"seen": self.initial["seen"]}, document=self.document, editable=True)

    def clean(self) -> dict[str, Any]:
        if not self.errors and not self.changes:
            raise forms.ValidationError(_("No term is different from what is saved; change one first."))
        return self.cleaned_data


def _field(term: Term) -> forms.Field:
    common: dict[str, Any] = {"label": term.label, "initial": term.value}
    kind = term.schema.get("type")
    if kind == "boolean":
        return forms.BooleanField(required=False, **common)
    if "enum" in term.schema:
        return forms.ChoiceField(choices=[(word, APPROVERS[word]) for word in term.schema["enum"]], **common)
    if kind == "string":
        return forms.CharField(max_length=term.schema["maxLength"], **common)
    least, most = term.schema.get("minimum", 0), term.schema.get("maximum", DAYS_LIMIT)
    return forms.IntegerField(min_value=least, max_value=most, **common)
