"""The translations of a version as a document: what a file carries and brings in, and what programs read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from aup import checks, wording
from aup.checks import Path, Problem
from aup.digests import digest
from aup.models import PolicyVersion, Translation
from aup.wording import PARTS, Standing, Text, stale_parts
from tipstaff.workflow.actors import Actor

Document = dict[str, Any]
PLACES = {"version": "version", "groups": "group", "rules": "rule"}  # in a document, and the kind that stands there


@dataclass(frozen=True)
class Originals:
    """Everything that can be translated in the documents of a version."""

    version: Text
    groups: dict[str, Text]
    rules: dict[str, Text]

    @classmethod
    def of(cls, policy: Document, version: Document, groups: list[Document]) -> "Originals":
        """From what policy and version say about themselves, and the groups with their rules."""
        return cls(
            wording.about(policy, version),
            {group["code"]: wording.of_group(group) for group in groups},
            {rule["code"]: wording.of_rule(rule) for group in groups for rule in group["rules"]},
        )

    def get(self, kind: str, code: str) -> Text | None:
        if kind == "version":
            return self.version
        return (self.groups if kind == "group" else self.rules).get(code)


def _standing(version: PolicyVersion, originals: Originals) -> Iterator[tuple[str, str, str, Translation, Text]]:
    """Language, kind, code, translation and original: languages by code, and in each what is read first comes first."""
    places = [("version", ""), *(("group", code) for code in originals.groups)]
    places += [("rule", code) for code in originals.rules]
    rank = {place: number for number, place in enumerate(places)}
    found = []
    for row in version.translations.standing().filter(language__in=wording.targets()).select_related("group", "rule"):
        about = row.rule or row.group
        place = (row.kind, about.code if about else "")
        found.append((row.language, rank[place], row, place))
    for language, _rank, row, (kind, code) in sorted(found, key=lambda each: each[:2]):
        yield language, kind, code, row, originals.get(kind, code) or {}


def _put(document: Document, language: str, kind: str, code: str, entry: Document) -> None:
    place = next(name for name, known in PLACES.items() if known == kind)
    if kind == "version":
        document.setdefault(language, {})[place] = entry
    else:
        document.setdefault(language, {}).setdefault(place, {})[code] = entry


def as_file(version: PolicyVersion, originals: Originals) -> Document:
    """What a file carries: the words, and under `made_from` the earlier wording of what is stale."""
    document: Document = {}
    for language, kind, code, row, original in _standing(version, originals):
        entry = {part: row.words[part] for part in PARTS[kind] if part in row.words}
        stale = stale_parts(row.words, row.source, original)
        if stale:
            entry["made_from"] = {part: row.source[part] for part in PARTS[kind] if part in stale}
        _put(document, language, kind, code, entry)
    return document


def as_read(version: PolicyVersion, originals: Originals) -> Document:
    """What programs read: the words with how they stand, the earlier wording of what is stale, and since when."""
    document: Document = {}
    for language, kind, code, row, original in _standing(version, originals):
        standing = Standing.of(row, original)
        entry = {
            "status": standing.status,
            "words": {part: row.words[part] for part in PARTS[kind] if part in row.words},
            "stale": list(standing.stale),
            "made_from": {part: row.source[part] for part in standing.stale},
            "source_sha256": row.source_sha256,
            "written_at": row.written_at.isoformat().replace("+00:00", "Z"),
        }
        _put(document, language, kind, code, entry)
    return document


def entries(document: Document) -> Iterator[tuple[str, str, str, Document]]:
    """Language, kind, code and entry of a document that has its shape."""
    for language, places in document.items():
        for place, given in places.items():
            if place == "version":
                yield language, "version", "", given
            else:
                yield from ((language, PLACES[place], code, entry) for code, entry in given.items())


def problems(document: Any, originals: Originals | None, path: Path = ("translations",)) -> Iterator[Problem]:
    """What is wrong with the translations of a file. Without `originals`, which are whole, only their shape."""
    if not isinstance(document, dict):
        yield Problem(path, _("must be %(kind)s") % {"kind": checks.kind_words("object")})
        return
    for language, places in document.items():
        here: Path = (*path, language)
        if language not in wording.targets():
            words = {"found": checks.shown(language), "words": ", ".join(wording.targets())}
            text = _("“%(found)s” is none of the languages that the policy can be translated into: %(words)s") % words
            yield Problem(path, text, language)
        elif not isinstance(places, dict):
            yield Problem(here, _("must be %(kind)s") % {"kind": checks.kind_words("object")})
        else:
            for place, given in places.items():
                yield from _place_problems(place, given, originals, here)


def _place_problems(place: str, given: Any, originals: Originals | None, path: Path) -> Iterator[Problem]:
    if place not in PLACES:
        yield Problem(path, _("“%(key)s” is no key that belongs here") % {"key": checks.shown(place)}, place)
    elif not isinstance(given, dict):
        yield Problem((*path, place), _("must be %(kind)s") % {"kind": checks.kind_words("object")})
    elif place == "version":
        yield from _entry_problems("version", "", given, originals, (*path, place))
    else:
        for code, entry in given.items():
            yield from _entry_problems(PLACES[place], code, entry, originals, (*path, place, code))


def _entry_problems(kind: str, code: str, entry: Any, originals: Originals | None, path: Path) -> Iterator[Problem]:
    if originals is None:
        return
    original = originals.get(kind, code)
    if original is None:
        text = _("“%(code)s” is no rule of this file") if kind == "rule" else _("“%(code)s” is no group of this file")
        yield Problem(path[:-1], text % {"code": checks.shown(code)}, code)
    else:
        yield from checks.translation_problems(kind, entry, original, path)


def bring_in(version: PolicyVersion, document: Document, *, actor: Actor) -> None:
    """Write every translation of a document without faults, each as an act of its own."""
    groups = {group.code: group for group in version.groups.all()}
    rules = {rule.code: rule for rule in version.rules.prefetch_related("examples")}
    for language, kind, code, entry in entries(document):
        group, rule = groups.get(code) if kind == "group" else None, rules.get(code) if kind == "rule" else None
        row = Translation(version=version, group=group, rule=rule, language=language)
        facts: Document = {"words": {part: words for part, words in entry.items() if part != "made_from"}}
        if "made_from" in entry:
            facts["made_from"] = entry["made_from"]
        row.write(actor=actor, code=code, seen=digest(row.original()), **facts)
