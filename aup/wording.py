"""Which sentences of a policy are translated, and what a reader gets: the translation where there is one, else the
original, each piece with the language it is in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings

from aup.digests import digest
from tipstaff.languages import direction

if TYPE_CHECKING:
    from aup.models import PolicyVersion, Rule, RuleGroup, Translation

Text = dict[str, Any]  # part by part: a sentence, or a list of them

# In the order in which a page shows them.
PARTS: dict[str, tuple[str, ...]] = {
    "version": ("title", "summary", "binding_instrument", "data", "tasks", "contexts", "rationale", "changelog"),
    "group": ("title", "description"),
    "rule": (
        "title", "statement", "action", "threshold", "conditions", "allowed", "prohibited", "corrective", "monitoring",
        "enforcement",
    ),
}  # fmt: skip
LISTED = ("title", "action")  # of a rule among others


def targets() -> list[str]:
    """The languages that the policy can be translated into: those of the product but its own."""
    return [code for code, _name in settings.LANGUAGES if code != settings.POLICY_LANGUAGE]


def _given(parts: Mapping[str, Any]) -> Text:
    return {part: value for part, value in parts.items() if value}


def of_rule(document: Mapping[str, Any]) -> Text:
    """The parts of a rule's document that say something."""
    inner = {**document["examples"], **document["consequence"]}
    return _given({part: document.get(part) or inner.get(part) for part in PARTS["rule"]})


def of_group(document: Mapping[str, Any]) -> Text:
    return _given({part: document[part] for part in PARTS["group"]})


def of_version(version: "PolicyVersion") -> Text:
    """What the version says about itself, with what the policy says about all of them."""
    policy = version.policy
    return about({"title": policy.title, "binding_instrument": policy.binding_instrument}, version.description)


def about(policy: Mapping[str, Any], version: Mapping[str, Any]) -> Text:
    """The same from two documents."""
    found = {**version["scope"], **version, **policy}
    return _given({part: found.get(part) for part in PARTS["version"]})


def stale_parts(words: Text, source: Text, original: Text) -> list[str]:
    """The translated parts whose original is worded otherwise by now than in `source`."""
    return [part for part in words if source.get(part) != original.get(part)]


@dataclass(frozen=True)
class Standing:
    """How the translation of one thing stands against its original: `status` is current, stale or missing."""

    status: str
    stale: tuple[str, ...] = ()  # parts that were made from an earlier wording
    lacking: tuple[str, ...] = ()  # parts of the original that are not translated

    @classmethod
    def of(cls, translation: "Translation | None", original: Text) -> "Standing":
        if translation is None or not translation.words:
            return cls("missing", lacking=tuple(original))
        lacking = tuple(part for part in original if part not in translation.words)
        made_from = {part: original[part] for part in translation.words if part in original}
        if digest(made_from) == translation.source_sha256:
            return cls("current", lacking=lacking)
        return cls("stale", tuple(stale_parts(translation.words, translation.source, original)), lacking)


@dataclass(frozen=True)
class Piece:
    """A part as a page shows it: `text` is a sentence or a list of them, `lang` the language it stands in."""

    text: Any
    lang: str
    stale: bool = False  # translated from an earlier wording
    original: Any = None  # where it is translated

    @property
    def dir(self) -> str:
        return direction(self.lang)

    @property
    def many(self) -> bool:
        return isinstance(self.text, list)


@dataclass(frozen=True)
class Said:
    """Everything that one thing says, to be asked for part by part: `said.title.text`."""

    pieces: dict[str, Piece] = field(default_factory=dict)

    def __getitem__(self, part: str) -> Piece:
        return self.pieces[part]

    @classmethod
    def of(cls, original: Text, words: Text, stale: Iterable[str], language: str) -> "Said":
        """What is in `words` in `language`, the rest as the original has it."""
        old = set(stale)
        return cls(
            {
                part: Piece(words[part], language, part in old, text)
                if part in words
                else Piece(text, settings.POLICY_LANGUAGE)
                for part, text in original.items()
            }
        )

    @property
    def translated(self) -> bool:
        """Whether any of it is."""
        return any(piece.original is not None for piece in self.pieces.values())

    @property
    def whole(self) -> bool:
        return all(piece.original is not None for piece in self.pieces.values())

    @property
    def stale(self) -> bool:
        return any(piece.stale for piece in self.pieces.values())


class Reading:
    """A version as somebody reads it whose page speaks `language`; one query where that is not the policy's own."""

    def __init__(self, version: "PolicyVersion", language: str, *, original: bool = False) -> None:
        self.language = language
        self.foreign = language in targets()  # whether a translation could be shown
        self.original = original and self.foreign  # the reader asked for it
        self.rows: dict[Any, Translation] = {}
        if self.foreign and not original:
            found = version.translations.filter(language=language).standing()
            self.rows = {row.rule_id or row.group_id: row for row in found}

    def _said(self, key: Any, text: Text) -> Said:
        row = self.rows.get(key)
        if row is None:
            return Said.of(text, {}, (), self.language)
        return Said.of(text, row.words, stale_parts(row.words, row.source, text), self.language)

    def version(self, version: "PolicyVersion") -> Said:
        return self._said(None, of_version(version))

    def group(self, group: "RuleGroup") -> Said:
        return self._said(group.pk, of_group(group.document))

    def rule(self, rule: "Rule") -> Said:
        """The whole rule. Reads `examples`: prefetch them."""
        return self._said(rule.pk, of_rule(rule.document))

    def listed(self, rule: "Rule") -> Said:
        """What a list says of a rule."""
        return self._said(rule.pk, {part: getattr(rule, part) for part in LISTED})
