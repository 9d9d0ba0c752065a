"""How hard an English text is to read: the Flesch-Kincaid grade, that is the school year (US) in which people can read
it. Pure.

The measure looks at two things only, the length of sentences and of words in syllables, so it says nothing about
whether a text is true, complete or well ordered, and below some hundred words it jumps. It was made for English; for
other languages it is not computed. Syllables are the larger of two counts: where a word may be hyphenated (pyphen),
which misses syllables of one letter and so makes every text look easier than it is (7 % too few on our word list), and
groups of vowels without silent endings. Together they are within 2 % on that list (tests/aup/test_reading.py), which
moves a grade by less than half a year. Lists, headings and codes count as sentences of their own.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import pyphen

LEAST = 60  # words; below it the grade is not told
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
SENTENCE = re.compile(r"[.!?…]+(?=\s|$)|[:;](?=\s*\n)|\n+")
SILENT = re.compile(r"(?:[^aeiouyl]|[aeiouy]l)e$|[^aeiouytd]ed$|[^aeiouyscxzg]es$(?<!ches)(?<!shes)")
# A silent e within a word that goes on, such as "statement" and "safely".
INNER = re.compile(r"(?:[^aeiouyrlg]|[aeiouy]r)e(?=(?:ments?|ly|ty|ful|less|ness|where|things?|times|one|fore)$)")
# Two vowels that are two syllables, such as in "violation", "media", "create" and "serious".
APART = re.compile(r"i[ao](?!n)|(?<![tscgx])ion|[^q]u(?:al|a(?=t)|ous$)|eo(?!p)|creat|cien|iet|(?<![tcgx])iou|eing|ea$")


@dataclass(frozen=True)
class Grade:
    """`grade` is the school year, 0 at least; `words`, `sentences` and `syllables` what it was computed from."""

    grade: float
    words: int
    sentences: int
    syllables: int

    @property
    def year(self) -> int:
        return round(self.grade)


def measured(text: str) -> Grade | None:
    """The grade of an English text; None for one that is too short to say."""
    words = WORD.findall(text)
    if len(words) < LEAST:
        return None
    sentences = sum(bool(WORD.search(part)) for part in SENTENCE.split(text))
    count = sum(syllables(word) for word in words)
    grade = 0.39 * len(words) / sentences + 11.8 * count / len(words) - 15.59
    return Grade(max(0.0, round(grade, 1)), len(words), sentences, count)


def syllables(word: str) -> int:
    """How many syllables an English word is spoken in; compounds by their parts."""
    return sum(_spoken(part) for part in re.split(r"[-'’]", word.lower()) if len(part) > 1 or part in "ai") or 1


@lru_cache(maxsize=10_000)
def _spoken(word: str) -> int:
    groups = len(re.findall(r"[aeiouy]+", word)) - bool(SILENT.search(word)) - len(INNER.findall(word))
    return max(1, groups + len(APART.findall(word)), len(_hyphens().positions(word)) + 1)


@lru_cache(maxsize=1)
def _hyphens() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="en_US")
