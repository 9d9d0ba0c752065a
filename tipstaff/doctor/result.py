"""What a check says, and how checks are run so that one that breaks stops no other."""

import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

OK, WARNING, FAILING = "ok", "warning", "failing"


@dataclass(frozen=True)
class Result:
    """One thing that was looked at: what was seen, in a sentence, and what to do unless all is well."""

    state: str
    sentence: str
    do: str = ""


def ok(sentence: str) -> Result:
    return Result(OK, sentence)


def warning(sentence: str, do: str) -> Result:
    return Result(WARNING, sentence, do)


def failing(sentence: str, do: str) -> Result:
    return Result(FAILING, sentence, do)


Look = Callable[[], Iterator[Result]]


@dataclass(frozen=True)
class Check:
    name: str
    title: str
    look: Look
    asks_database: bool = False


@dataclass(frozen=True)
class Looked:
    """A check with what it said."""

    check: Check
    results: list[Result]

    def as_json(self) -> Mapping[str, Any]:
        return {"check": self.check.name, "results": [asdict(result) for result in self.results]}


def run(checks: list[Check]) -> Iterator[Looked]:
    """Run each check. Those that ask a database which does not answer say only that."""
    answers: bool | None = None
    for check in checks:
        if check.asks_database and answers is None:
            answers = _database_answers()
        if check.asks_database and not answers:
            yield Looked(check, [warning("Not looked at: the database does not answer.", "See PostgreSQL.")])
        else:
            yield Looked(check, list(_guarded(check.look)))


def _guarded(look: Look) -> Iterator[Result]:
    try:
        yield from look()
    except DatabaseError as error:
        yield failing(
            f"This could not be looked at to the end: PostgreSQL said “{first_line(error)}”.",
            "Look at the results about PostgreSQL, roles and migrations first.",
        )
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        yield failing(
            f"This check broke: {type(error).__name__} in {place.name}, line {place.lineno}: {first_line(error)}",
            "Tell those who make Tipstaff; the other checks say what they found.",
        )


def _database_answers() -> bool:
    try:
        connections[DEFAULT_DB_ALIAS].ensure_connection()
    except DatabaseError:
        return False
    return True


def first_line(error: BaseException) -> str:
    """What a service said, on one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__


def some(names: list[str], limit: int = 6) -> str:
    """Names in a sentence: the first few, and how many more there are."""
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
