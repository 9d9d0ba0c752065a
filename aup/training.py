"""The course about a rule: what to read, and a check made of the policy's own examples, each with the reason why. Which
acts are asked about changes with each attempt; what is right follows from the policy in force and from nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from aup.models import PolicyVersion, Rule
from aup.wording import Piece, Reading, Said
from tipstaff.time import now

QUESTIONS = 10  # fewer where the rule and its family have fewer examples
PASS_MARK = 80  # percent


@dataclass(frozen=True)
class Question:
    """Whether one act is allowed. `key` stays the same as long as the policy gives this example."""

    key: str
    rule: Rule
    said: Said
    act: Piece
    allowed: bool

    @property
    def title(self) -> Piece:
        return self.said["title"]

    @property
    def why(self) -> Piece:
        """What the rule is about, and from when it bites."""
        return self.said["threshold"]


@dataclass(frozen=True)
class Course:
    rule: Rule
    said: Said
    version: PolicyVersion
    own: list[Question]
    others: list[Question]

    def check(self, seed: str) -> list[Question]:
        """The questions of one attempt: those about the rule itself, filled up from its family."""
        drawn = Random(seed)  # noqa: S311  nothing is kept secret by it
        rest = drawn.sample(self.others, len(self.others))
        chosen = (self.own + rest)[:QUESTIONS]
        return drawn.sample(chosen, len(chosen))


def course_about(cited: Rule, language: str) -> Course:
    """The rule as it is in force, in `language` as far as it is translated; as it was cited where it is no more."""
    found = Rule.objects.cited(cited.code, now()) or cited
    rules = Rule.objects.filter(version=found.version_id, group=found.group_id, enabled=True)
    family = list(rules.select_related("version", "group").prefetch_related("examples").order_by("position"))
    reading = Reading(found.version, language)
    asked = {rule.pk: list(_questions(rule, reading.rule(rule))) for rule in family}
    mine = next((rule for rule in family if rule.pk == found.pk), found)
    others = [one for rule in family if rule.pk != mine.pk for one in asked[rule.pk]]
    return Course(mine, reading.rule(mine), found.version, asked.get(mine.pk, []), others)


def _questions(rule: Rule, said: Said) -> Any:
    for kind, examples in (("allowed", rule.allowed_examples), ("prohibited", rule.prohibited_examples)):
        if kind not in said.pieces:
            continue
        piece = said[kind]
        texts = piece.text if isinstance(piece.text, list) else [piece.text]
        for place, example in enumerate(examples):
            text = texts[place] if place < len(texts) else example.text
            yield Question(
                f"{rule.code}-{kind[0]}{place}", rule, said, Piece(text, piece.lang, piece.stale), kind == "allowed"
            )


def right(questions: list[Question], answers: Mapping[str, str]) -> int:
    """How many of `questions` are answered as the policy does."""
    return sum(answers.get(one.key) == ("allowed" if one.allowed else "prohibited") for one in questions)


def passes(count: int, of: int) -> bool:
    return of > 0 and count * 100 >= of * PASS_MARK
