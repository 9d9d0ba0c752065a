"""What changed between two texts of the policy: rule by rule, field by field, word by word, and cell by cell. Pure: it
reads what `aup.publication.text_of` gives and knows no database.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

WORDS = re.compile(r"\S+|\n+")
TOO_MANY = 20_000  # pairs of equal words in what differs; beyond that it is shown as replaced whole
RULE_FIELDS = (
    "title", "statement", "action", "threshold", "disposition", "kind", "severity", "conditions", "examples.allowed",
    "examples.prohibited", "audience", "modalities", "jurisdictions", "products", "activity", "exemptions",
    "minimum_tier",
    "consequence.corrective", "consequence.monitoring", "consequence.enforcement", "legal_referral", "content_handling",
    "support_first", "zero_tolerance", "waivable", "obligation", "controls", "enabled", "parameters", "mappings",
)  # fmt: skip
# What a rule that came or went is shown by.
WHOLE = (
    "title", "statement", "action", "threshold", "disposition", "severity", "conditions", "examples.allowed",
    "examples.prohibited", "audience", "jurisdictions", "products", "minimum_tier",
)  # fmt: skip
WORDING = (
    "policy.title", "policy.publisher", "policy.binding_instrument", "version.summary", "version.scope.data",
    "version.scope.tasks", "version.scope.contexts", "linked_documents",
)  # fmt: skip
DEFAULTS = {"enabled": True}  # what a rule has that does not say

Mark = Literal["same", "removed", "added"]


@dataclass(frozen=True)
class Part:
    """Some words of one side, and what became of them."""

    mark: Mark
    text: str


@dataclass(frozen=True)
class Change:
    """One field that differs: its words before and after, in parts. A side that says nothing has no parts."""

    name: str
    before: list[Part]
    after: list[Part]


@dataclass(frozen=True)
class RuleChange:
    code: str
    title: str
    kind: Literal["added", "removed", "changed"]
    before: dict[str, Any] | None
    after: dict[str, Any] | None

    @property
    def fields(self) -> list[Change]:
        """Word by word, made when somebody looks: the list of what changed needs none of it."""
        names = ("group", *RULE_FIELDS) if self.kind == "changed" else ("group", *WHOLE)
        return list(changes(self.before or {}, self.after or {}, names, DEFAULTS))


@dataclass(frozen=True)
class Cell:
    """A cell of the matrix; a tier that is empty means that the matrix does not have the cell."""

    intent: str
    sensitivity: str
    severity: int
    recurrence: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    """Something else in the documents, by its path, such as `tiers › T3 › appeal_months`."""

    path: str
    before: str
    after: str


@dataclass
class Diff:
    wording: list[Change] = field(default_factory=list)
    groups: list[Change] = field(default_factory=list)
    rules: list[RuleChange] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    matrix: list[Entry] = field(default_factory=list)
    catalogue: list[Entry] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any((self.wording, self.groups, self.rules, self.cells, self.matrix, self.catalogue))

    def count(self, kind: str) -> int:
        return sum(change.kind == kind for change in self.rules)


def compare(before: dict[str, Any], after: dict[str, Any]) -> Diff:
    """Everything that differs from text `before` to text `after`. A rule that moved or stands elsewhere in the order is
    matched by its code; what is only worded with other spaces is the same.
    """
    return Diff(
        wording=list(changes(before, after, WORDING)),
        groups=_groups(before["groups"], after["groups"]),
        rules=_rules(before["groups"], after["groups"]),
        cells=_cells(before["matrix"], after["matrix"]),
        matrix=list(_entries(before["matrix"], after["matrix"], leave_out={"matrix"})),
        catalogue=list(_entries(before["catalogue"], after["catalogue"])),
    )


def words(before: str, after: str) -> tuple[list[Part], list[Part]]:
    """The two sides in parts: words both have, in the same order, and words that only one has."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    head = _shared(old, new)
    tail = _shared(old[head:][::-1], new[head:][::-1])
    middle = old[head : len(old) - tail], new[head : len(new) - tail]
    codes = [("equal", 0, head, 0, head), *_codes(*middle, head)]
    codes.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    left, right = [], []
    for tag, i1, i2, j1, j2 in codes:
        if i2 > i1:
            left.append(Part("same" if tag == "equal" else "removed", _joined(old[i1:i2])))
        if j2 > j1:
            right.append(Part("same" if tag == "equal" else "added", _joined(new[j1:j2])))
    return left, right


def _shared(old: list[str], new: list[str]) -> int:
    """How many words both begin with."""
    return next(
        (place for place, (one, other) in enumerate(zip(old, new, strict=False)) if one != other),
        min(len(old), len(new)),
    )


def _codes(old: list[str], new: list[str], offset: int) -> list[tuple[str, int, int, int, int]]:
    """How `old` becomes `new`, places counted from `offset`. Time grows with the pairs of equal words, so these are
    bounded."""
    counts = Counter(old)
    if sum(counts[word] for word in new) > TOO_MANY:
        found = [("replace", 0, len(old), 0, len(new))]
    else:
        found = [*difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()]
    return [(tag, *(place + offset for place in places)) for tag, *places in found]  # type: ignore[misc]


def _joined(tokens: list[str]) -> str:
    return re.sub(r" ?(\n+) ?", r"\1", " ".join(tokens))


def changes(
    before: dict[str, Any], after: dict[str, Any], names: tuple[str, ...], defaults: dict[str, Any] | None = None
) -> Iterator[Change]:
    """The fields among `names` (dotted paths) whose words differ."""
    for name in names:
        old, new = (said(_at(side, name, (defaults or {}).get(name)) if side else "") for side in (before, after))
        if old.split() != new.split():
            yield Change(name, *words(old, new))


def _at(document: dict[str, Any], path: str, default: Any) -> Any:
    found: Any = document
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return default if found is None else found


def said(value: Any) -> str:
    """A value of a document as words: a list has a line for each entry, a mapping one for each key."""
    if value is None or value == "" or value == [] or value == {}:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "\n".join(said(entry) for entry in value)
    if isinstance(value, dict):
        return "\n".join(f"{key}: {said(entry)}".replace("\n", ", ") for key, entry in sorted(value.items()))
    return str(value)


def _groups(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[Change]:
    """Families that came, went or are called otherwise; `name` is the code."""
    old, new = (
        {group["code"]: f"{group['title']}\n{group['description']}" for group in side} for side in (before, after)
    )
    codes = [*new, *(code for code in old if code not in new)]
    return [
        Change(code, *words(old.get(code, ""), new.get(code, "")))
        for code in codes
        if old.get(code, "").split() != new.get(code, "").split()
    ]


def _rules(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[RuleChange]:
    """In the order of the later text; removed ones come last."""
    old, new = _by_code(before), _by_code(after)
    found: list[RuleChange] = []
    for code, rule in new.items():
        if code not in old:
            found.append(RuleChange(code, rule["title"], "added", None, rule))
        elif any(True for _change in _differing(old[code], rule)):
            found.append(RuleChange(code, rule["title"], "changed", old[code], rule))
    found += [RuleChange(code, rule["title"], "removed", rule, None) for code, rule in old.items() if code not in new]
    return found


def _differing(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """Names of fields that differ, without a look at their words."""
    for name in ("group", *RULE_FIELDS):
        default = DEFAULTS.get(name)
        first, second = _at(old, name, default), _at(new, name, default)
        if first != second and said(first).split() != said(second).split():
            yield name


def _by_code(groups: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {rule["code"]: {**rule, "group": group["code"]} for group in groups for rule in group["rules"]}


def _cells(before: dict[str, Any], after: dict[str, Any]) -> list[Cell]:
    old, new = _tiers(before), _tiers(after)
    keys = [*new, *(key for key in old if key not in new)]
    return [Cell(*key, before=old.get(key, ""), after=new.get(key, "")) for key in keys if old.get(key) != new.get(key)]


def _tiers(matrix: dict[str, Any]) -> dict[tuple[str, str, int, str], str]:
    rows = matrix.get("matrix", [])
    key_columns = ("intent", "sensitivity", "severity")
    return {
        (row["intent"], row["sensitivity"], row["severity"], recurrence): str(tier)
        for row in rows
        for recurrence, tier in row.items()
        if recurrence not in key_columns
    }


def _entries(before: Any, after: Any, leave_out: set[str] = frozenset()) -> Iterator[Entry]:  # type: ignore[assignment]
    old, new = (dict(_flat(side, leave_out)) for side in (before, after))
    for path in [*new, *(path for path in old if path not in new)]:
        if old.get(path, "") != new.get(path, ""):
            yield Entry(path, old.get(path, ""), new.get(path, ""))


def _flat(value: Any, leave_out: set[str] = frozenset(), path: str = "") -> Iterator[tuple[str, str]]:  # type: ignore[assignment]
    """Every leaf with its path. Entries of a list that have a name of their own are known by it, not by their place."""
    if isinstance(value, dict):
        for key, entry in value.items():
            if key not in leave_out:
                yield from _flat(entry, path=f"{path} › {key}" if path else str(key))
    elif isinstance(value, list) and value and all(isinstance(entry, dict) and _name(entry) for entry in value):
        for entry in value:
            yield from _flat(entry, path=f"{path} › {_name(entry)}")
    else:
        yield path, said(value)


def _name(entry: dict[str, Any]) -> str:
    return str(next((entry[key] for key in ("code", "id", "type", "name") if key in entry), ""))
