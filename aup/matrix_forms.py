"""Shapes of what the matrix editor sends: a tier for each cell, and one reason for all that change."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.matrix.editing import REASON_LIMIT, digest
from aup.matrix.table import DIMENSIONS, Cell, cells, tiers, wanted


class CellsForm(forms.Form):
    """The whole table as one form. `based_on` and `seen` say which matrix the reader saw."""

    based_on = forms.CharField(max_length=64, widget=forms.HiddenInput)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    reason = forms.CharField(
        label=gettext_lazy("Why these cells change"),
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2, "maxlength": REASON_LIMIT}),
        help_text=gettext_lazy(
            "Kept beside every cell that this save changes, and shown to everybody who reads the published matrix. "
            "Cells that change for another reason are saved apart."
        ),
    )

    def __init__(self, data: Any = None, *, document: Mapping[str, Any]) -> None:
        self.document = document
        self.cells, self.there, self.codes = wanted(document), cells(document), list(tiers(document))
        now = {"based_on": digest(document), "seen": ",".join(self.there.get(cell, "") for cell in self.cells)}
        super().__init__(data, initial=now)
        self.now = now

    @property
    def chosen(self) -> dict[Cell, str]:
        """The tier of each cell as it stands in the form; where the form says nothing, as it is saved."""
        if not self.is_bound:
            return {cell: self.there.get(cell, "") for cell in self.cells}
        return {
            cell: self.data.get(f"cell-{number}", self.there.get(cell, "")) for number, cell in enumerate(self.cells)
        }

    @property
    def stale(self) -> bool:
        """Whether somebody saved the matrix after the reader opened it."""
        return self.is_bound and self.data.get("based_on") != self.now["based_on"]

    @property
    def was_seen(self) -> dict[Cell, str]:
        given = str(self.data.get("seen", "")).split(",") if self.is_bound else []
        if len(given) != len(self.cells):
            return {cell: self.there.get(cell, "") for cell in self.cells}
        return dict(zip(self.cells, given, strict=True))

    @property
    def changed_by_others(self) -> list[tuple[Cell, str, str]]:
        """Cell, tier the reader saw, tier by now."""
        seen = self.was_seen
        pairs = [(cell, seen[cell], self.there.get(cell, "")) for cell in self.cells]
        return [(cell, was, by_now) for cell, was, by_now in pairs if was != by_now]

    def renewed(self) -> "CellsForm":
        """What the reader changed, put over the matrix as it is now, so that they can look and save again."""
        seen, data = self.was_seen, dict(self.data.items())
        for number, (cell, tier) in enumerate(self.chosen.items()):
            if tier == seen[cell]:
                data[f"cell-{number}"] = self.there.get(cell, "")
        return CellsForm(data | self.now, document=self.document)

    def clean(self) -> dict[str, Any]:
        for tier in dict.fromkeys(self.chosen.values()):
            if tier and tier not in self.codes:
                raise forms.ValidationError(_("“%(tier)s” is not a tier of this matrix.") % {"tier": tier[:20]})
        if not self.changes:
            raise forms.ValidationError(_("No cell is different from what is saved; choose another tier first."))
        return self.cleaned_data

    @property
    def changes(self) -> list[dict[str, Any]]:
        """What the operation is to do: every cell that differs from what is saved. An emptied cell stays as it was."""
        reason = str(self.data.get("reason", "")).strip() if self.is_bound else ""
        return [
            {**dict(zip(DIMENSIONS, cell, strict=True)), "was": was, "tier": tier, "reason": reason}
            for cell, tier in self.chosen.items()
            if tier and tier != (was := self.there.get(cell, ""))
        ]
