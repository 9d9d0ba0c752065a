"""How far a version is translated: everything that everybody reads of it, in each language. Five queries."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch

from aup.models import Example, PolicyVersion, Rule, RuleGroup, Translation
from aup.wording import Standing, Text, of_group, of_rule, of_version, targets
from tipstaff.languages import described


@dataclass(frozen=True)
class Thing:
    """What is translated as one: what the version says about itself, a group, or a rule."""

    kind: str
    code: str  # empty for the version
    title: str
    row: Any
    original: Text

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.code}"


@dataclass(frozen=True)
class Entry:
    """One thing with its standing in each language, in the order of `targets()`."""

    thing: Thing
    standings: dict[str, Standing]


@dataclass(frozen=True)
class Total:
    """How many things stand how in one language; of the current ones `partly` have parts left to translate."""

    language: str
    current: int
    partly: int
    stale: int
    missing: int

    @property
    def name(self) -> str:
        return str(described(self.language)["name_translated"])

    @property
    def left(self) -> int:
        return self.stale + self.missing


def things(version: PolicyVersion) -> Iterator[Thing]:
    """In the order in which they are read. A rule that is switched off is shown to nobody and left out."""
    yield Thing("version", "", version.policy.title, version, of_version(version))
    rules = Rule.objects.filter(enabled=True).order_by("position")
    rules = rules.prefetch_related(Prefetch("examples", Example.objects.order_by("kind", "position")))
    for group in version.groups.prefetch_related(Prefetch("rules", rules)):
        yield Thing("group", group.code, group.title, group, of_group(group.document))
        for rule in group.rules.all():
            yield Thing("rule", rule.code, rule.title, rule, of_rule(rule.document))


def thing(version: PolicyVersion, kind: str, code: str) -> Thing | None:
    """One of them by its kind and code; None if the version has no such thing."""
    if kind == "version" and not code:
        return Thing(kind, "", version.policy.title, version, of_version(version))
    if kind == "group" and (group := version.groups.filter(code=code).first()):
        return Thing(kind, code, group.title, group, of_group(group.document))
    if kind == "rule" and (rule := version.rule_in(code)):
        return Thing(kind, code, rule.title, rule, of_rule(rule.document))
    return None


def of(version: PolicyVersion) -> list[Entry]:
    rows: dict[Any, Translation] = {
        (row.language, row.rule_id or row.group_id): row for row in version.translations.all()
    }

    def standing(about: Thing, language: str) -> Standing:
        key = None if isinstance(about.row, PolicyVersion) else about.row.pk
        return Standing.of(rows.get((language, key)), about.original)

    return [Entry(about, {code: standing(about, code) for code in targets()}) for about in things(version)]


def totals(entries: list[Entry]) -> list[Total]:
    found = []
    for language in targets():
        standings = [entry.standings[language] for entry in entries]
        counts = Counter(each.status for each in standings)
        partly = sum(each.status == "current" and bool(each.lacking) for each in standings)
        found.append(Total(language, counts["current"], partly, counts["stale"], counts["missing"]))
    return found


def next_after(entries: Iterable[Entry], language: str, key: str) -> Thing | None:
    """The next thing that is missing or stale, from `key` on and then from the beginning; None once all are current."""
    everything = list(entries)
    place = next((place for place, entry in enumerate(everything) if entry.thing.key == key), -1)
    left = [*everything[place + 1 :], *everything[: place + 1]]
    return next((entry.thing for entry in left if entry.standings[language].status != "current"), None)


def translation_of(about: Thing, version: PolicyVersion, language: str) -> Translation:
    """The row there is, or a new one that is not saved."""
    same = {
        "version": version,
        "rule": about.row if isinstance(about.row, Rule) else None,
        "group": about.row if isinstance(about.row, RuleGroup) else None,
        "language": language,
    }
    found = Translation.objects.filter(**same).select_related("written_by").first()
    return found or Translation(**same)
