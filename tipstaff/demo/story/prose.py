"""The words of the story: matters and phrases from `demo/prose/*.yaml`, with what is drawn for each put in."""

import functools
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from string import Template
from typing import Any

import yaml

from aup.documents import LOADER

FOLDER = Path(__file__).parent.parent / "prose"


@dataclass(frozen=True)
class Matter:
    """Something that happens: how it is reported, what the record shows and what is held about it."""

    rule: str
    kinds: list[str]
    sensitivity: str
    reports: list[str]
    transcript: str
    finding: str
    reasons: str
    appeal: str
    sealed: bool = False
    elsewhere: dict[str, str] = field(default_factory=dict)  # the report in other languages

    @property
    def group(self) -> str:
        return self.rule.partition("-")[0]


def _read(name: str) -> Any:
    return yaml.load((FOLDER / f"{name}.yaml").read_bytes(), Loader=LOADER)  # noqa: S506  either of the safe ones


def drawing(key: str) -> Random:
    """The same draws for the same key, whatever else is drawn: a story is no secret."""
    return Random(key)  # noqa: S311


@functools.cache
def matters() -> list[Matter]:
    found = []
    for name in ("deceit", "people", "systems"):
        for given in _read(name):
            elsewhere = {language: given.pop(language) for language in ("fr", "es", "ar") if language in given}
            found.append(Matter(elsewhere=elsewhere, **given))
    return found


@functools.cache
def phrases() -> dict[str, Any]:
    return dict(_read("other"))


@functools.cache
def _words() -> dict[str, list[str]]:
    return dict(_read("words"))


@functools.cache
def governance() -> dict[str, Any]:
    return dict(_read("governance"))


@functools.cache
def feedback() -> list[dict[str, Any]]:
    return list(_read("feedback"))


class Words:
    """What is drawn once and then means the same in every text about one matter."""

    def __init__(self, rng: Random) -> None:
        self.drawn: dict[str, str] = {name: rng.choice(choice) for name, choice in _words().items()}
        self.drawn |= {"n": str(rng.randint(120, 980)), "few": str(rng.randint(3, 9))}

    def into(self, text: str, **more: str) -> str:
        return Template(text).substitute(self.drawn | more)


def spoken(matter: Matter, words: Words, rng: Random) -> list[tuple[str, str]]:
    """The lines of a transcript as (who, what). A starred line is repeated, the numbers going on."""
    lines = []
    for line in matter.transcript.strip().splitlines():
        times = rng.randint(4, 14) if line.startswith("*") else 1
        for number in range(1, times + 1):
            who, _colon, what = words.into(line.lstrip("*"), i=str(number)).partition(": ")
            lines.append((who, what) if what else ("note", who))
    return lines
