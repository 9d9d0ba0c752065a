"""The terms of a matrix: every number and choice beside its cells, such as days of a suspension and months to appeal.

A term is named by its path in the document: `tiers/T3/notice_hours`. The shape (JSON Schema) says what it may be.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.matrix import shape
from aup.matrix.table import Document

APPROVERS = {
    "adjudicator": gettext_lazy("an adjudicator"),
    "senior_adjudicator": gettext_lazy("a senior adjudicator"),
    "head_of_enforcement": gettext_lazy("the head of enforcement"),
    "head_of_enforcement_and_counsel": gettext_lazy("the head of enforcement and counsel"),
}
OF_TIER = {
    "notice_hours": gettext_lazy("Hours until the notice has left"),
    "appeal_months": gettext_lazy("Months in which an appeal may be lodged"),
    "approver": gettext_lazy("Issued by"),
    "four_eyes": gettext_lazy("Confirmed by a second person"),
}
OF_SANCTION = {
    "days": gettext_lazy("%(sanction)s: days"),
    "due_days": gettext_lazy("%(sanction)s: days to finish it"),
    "quota_percent": gettext_lazy("%(sanction)s: percent of the normal quota that is left"),
}
OF_INTERIM = {
    "allowed_from_severity": gettext_lazy("Allowed from severity"),
    "second_approval_within_hours": gettext_lazy("Hours within which a second person approves one"),
    "notify_subject_within_hours": gettext_lazy("Hours within which the account is told of one"),
}


@dataclass(frozen=True)
class Term:
    """One number, choice, line of text, or yes or no of the document, and what the shape lets it be."""

    path: tuple[str, ...]
    label: str
    value: int | bool | str
    schema: Mapping[str, Any]

    @property
    def name(self) -> str:
        return "/".join(self.path)


@dataclass(frozen=True)
class TermGroup:
    title: str
    terms: list[Term]


def groups(document: Document) -> Iterator[TermGroup]:
    """Every term of `document`, a group for each tier and for what is not of a tier."""
    yield TermGroup(_("Recurrence"), list(_recurrence(document)))
    yield TermGroup(_("Factors"), list(_factors(document)))
    yield TermGroup(_("Interim measures"), list(_interim(document)))
    for tier in document["tiers"]:
        yield TermGroup(f"{tier['code']} {_(tier['title'])}", list(_tier(document, tier)))


def terms(document: Document) -> dict[str, Term]:
    """Every term by its name."""
    return {term.name: term for group in groups(document) for term in group.terms}


def with_terms(document: Document, changes: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """`document` with some terms changed; each change: `term`, `was` and `value`. An unknown term, a wrong `was`, a
    term twice, and a value that the shape does not take raise ValueError.
    """
    changed, known, seen = deepcopy(dict(document)), terms(document), set()
    for change in changes:
        term = known.get(change["term"])
        if term is None:
            raise ValueError(_("This matrix has no term %(term)s.") % {"term": str(change["term"])[:80]})
        if term.name in seen:
            raise ValueError(_("“%(term)s” is changed twice; change it once.") % {"term": term.label})
        if term.value != change["was"]:
            raise ValueError(
                _("“%(term)s” is %(now)s by now, not %(was)s; look at it again.")
                % {"term": term.label, "now": term.value, "was": change["was"]}
            )
        seen.add(term.name)
        holder, key = _held(changed, term.path)
        holder[key] = change["value"]
    if found := shape.problems(changed):
        raise ValueError(" ".join(found[:3]))
    return changed


def _held(document: dict[str, Any], path: tuple[str, ...]) -> tuple[Any, Any]:
    """What holds the value at `path`, and its key or place in there. Items of lists are named by code, id or place."""
    here: Any = document
    for step in path[:-1]:
        here = _item(here, step) if isinstance(here, list) else here[step]
    return here, path[-1]


def _item(items: list[Any], name: str) -> Any:
    named = [item for item in items if name in (item.get("code"), item.get("id"))]
    return named[0] if named else items[int(name)]


def _schema(*path: str) -> Mapping[str, Any]:
    """What the shape says of the value at a path of schema keys, references followed."""
    root: Any = shape.validator().schema
    here = root
    for step in path:
        here = here[step]
        if "$ref" in here:
            here = root["$defs"][here["$ref"].rpartition("/")[2]]
    return dict(here)


def _recurrence(document: Document) -> Iterator[Term]:
    schema = _schema("properties", "dimensions", "properties", "recurrence", "properties", "window_days")
    yield Term(
        ("dimensions", "recurrence", "window_days"),
        _("Days for which an earlier breach counts"),
        document["dimensions"]["recurrence"]["window_days"],
        schema,
    )


def _factors(document: Document) -> Iterator[Term]:
    adjustments = document["adjustments"]
    most = _schema("properties", "adjustments", "properties", "max_total_steps")
    yield Term(
        ("adjustments", "max_total_steps"),
        _("Steps that all factors together may move a tier"),
        adjustments["max_total_steps"],
        most,
    )
    steps = _schema("$defs", "factor", "properties", "steps")
    for kind, bound in (("mitigating", {"maximum": -1}), ("aggravating", {"minimum": 1})):
        for factor in adjustments[kind]:
            label = _("%(factor)s: steps") % {"factor": _(factor["title"])}
            yield Term(("adjustments", kind, factor["id"], "steps"), label, factor["steps"], {**steps, **bound})


def _interim(document: Document) -> Iterator[Term]:
    interim, where = document["interim_measures"], ("properties", "interim_measures", "properties")
    for name, words in OF_INTERIM.items():
        if name in interim:
            yield Term(("interim_measures", name), str(words), interim[name], _schema(*where, name))
    hours = _schema(*where, "max_hours", "additionalProperties")
    for severity in sorted(interim["max_hours"]):
        label = _("Hours that one lasts at severity %(severity)s") % {"severity": severity}
        yield Term(("interim_measures", "max_hours", severity), label, interim["max_hours"][severity], hours)


def _tier(document: Document, tier: Mapping[str, Any]) -> Iterator[Term]:
    where, at = ("properties", "tiers", "items", "properties"), ("tiers", tier["code"])
    yield Term((*at, "title"), _("Called"), tier["title"], _schema(*where, "title"))
    for place, sanction in enumerate(tier["sanctions"]):
        title = _(document["sanctions"][sanction["type"]]["title"])
        for name, words in OF_SANCTION.items():
            if name in sanction:
                schema = _schema(*where, "sanctions", "items", "properties", name)
                label = str(words) % {"sanction": title}
                yield Term((*at, "sanctions", str(place), name), label, sanction[name], schema)
    for name, words in OF_TIER.items():
        yield Term((*at, name), str(words), tier[name], _schema(*where, name))
    cooling = tier["remediation"].get("cooling_off_days")
    if cooling is not None:
        schema = {"type": "integer", "minimum": 0}
        yield Term((*at, "remediation", "cooling_off_days"), _("Days before a fresh review"), cooling, schema)
