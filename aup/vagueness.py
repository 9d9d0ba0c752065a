"""Words that two reviewers would read differently, and where nothing beside them says how much or what exactly. Pure.

A vague word is excused when its own sentence measures it: with a number or a definition (“meaning”, “such as”, a
colon). A number right before the word counts things and explains nothing: “one harmful text” is as vague as “harmful
text”. A vague word outside the threshold is also excused by a threshold that measures, be it with a bound that leaves
nothing to taste (“any quantity”, “each attempt”, “whether or not”). The words are English.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

WORDS = (
    "abhorrent", "abusive", "adequate", "adequately", "appropriate", "appropriately", "bad", "considerable",
    "damaging", "dangerous", "disproportionate", "disturbing", "egregious", "excessive", "excessively", "extreme",
    "gross", "harmful", "immoral", "improper", "improperly", "inappropriate", "inappropriately", "indecent",
    "irresponsible", "large-scale", "objectionable", "obscene", "offensive", "problematic",
    "questionable", "reasonable", "reasonably", "serious", "severe", "significant", "significantly", "substantial",
    "substantially", "sufficient", "sufficiently", "suitable", "toxic", "unacceptable", "undue", "unduly", "unethical",
    "unfair", "unhealthy", "unnecessary", "unreasonable", "unsafe", "unsuitable", "unwanted",
)  # fmt: skip
NUMBERS = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "dozen",
    "hundred", "thousand", "single", "half",
)  # fmt: skip
BOUNDS = ("any", "each", "every", "all", "no", "none", "never", "only", "whatever", "whether or not")
DEFINITIONS = (
    "once",
    "twice",
    "meaning",
    "means",
    "that is",
    "such as",
    "namely",
    "including",
    "for example",
    "listed",
)

_VAGUE = re.compile(rf"(?<![\w-])({'|'.join(sorted(WORDS, key=len, reverse=True))})(?![\w-])", re.IGNORECASE)
_MEASURE = re.compile(
    rf"\d+|:\s|(?<![\w-])(?:({'|'.join(NUMBERS)})(?=\s+\w)|({'|'.join(DEFINITIONS)})(?![\w-]))", re.IGNORECASE
)
_BOUND = re.compile(rf"(?<![\w-])({'|'.join(BOUNDS)})(?![\w-])", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?;\n]+(?:[.!?;](?=\S)[^.!?;\n]*)*")


@dataclass(frozen=True)
class Mark:
    """`word` stands at `start` of `field`: a key of the rule, or `conditions.0` for the first of a list."""

    field: str
    word: str
    start: int


def marks(rule: dict[str, Any]) -> list[Mark]:
    """Every vague word in what binds people: statement, action, threshold and conditions of a rule's document."""
    threshold = str(rule.get("threshold") or "")
    explained = measures(threshold)
    found = []
    for field, text in _fields(rule):
        if field == "threshold" or not explained:
            found += [Mark(field, word, start) for word, start in vague(text)]
    return found


def _fields(rule: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for field in ("statement", "action", "threshold"):
        yield field, str(rule.get(field) or "")
    for place, condition in enumerate(rule.get("conditions") or []):
        yield f"conditions.{place}", str(condition)


def vague(text: str) -> list[tuple[str, int]]:
    """The vague words of `text` that their own sentence does not excuse, each with its place."""
    found = []
    for sentence in _SENTENCE.finditer(text):
        words = list(_VAGUE.finditer(sentence[0]))
        if words and not _explained(sentence[0], words):
            found += [(match[0], sentence.start() + match.start()) for match in words]
    return found


def measures(text: str) -> bool:
    """Whether some sentence of `text` says how much or what exactly."""
    for sentence in _SENTENCE.findall(text):
        words = list(_VAGUE.finditer(sentence))
        if _explained(sentence, words) if words else _MEASURE.search(sentence) or _BOUND.search(sentence):
            return True
    return False


def untestable(threshold: str) -> bool:
    """Whether `threshold` is vague and measures nothing, so that two reviewers could not test the same."""
    return bool(vague(threshold)) and not measures(threshold)


def _explained(sentence: str, words: list[re.Match[str]]) -> bool:
    """Whether `sentence` holds a measure that does more than count the vague `words`."""
    for match in _MEASURE.finditer(sentence):
        counted = any(
            word.start() >= match.end() and not sentence[match.end() : word.start()].strip() for word in words
        )
        if not counted or match[0].startswith(":"):
            return True
    return False
