"""Telling people which clocks passed a level: one mail a person and sweep, however many clocks they were."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import batched
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.urls import reverse

from tipstaff.accounts.models import User
from tipstaff.notices import outbox
from tipstaff.permissions import Permission
from tipstaff.sla.levels import CLOCKS, heard_at_all, hearers
from tipstaff.sla.models import Clock
from tipstaff.workflow import references
from tipstaff.workflow.models import Record
from tipstaff.workflow.unit import UnitOfWork, in_unit_of_work

SHOWN = 40  # matters in one mail; the page shows them all
CHUNK = 2000  # references in one query


class Passed(NamedTuple):
    """The highest level of a clock that nobody was told of yet."""

    clock: UUID
    about: str
    kind: str
    level: int


@dataclass
class Heard:
    """What one person is told: how much there is, and what is the longest overdue."""

    person: User
    count: int = 0
    first: list[Passed] = field(default_factory=list)
    unseen: set[str] = field(default_factory=set)  # which of `first` they hear of by the reference alone

    def hear(self, passed: Passed, *, seen: bool) -> None:
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(passed)
            if not seen:
                self.unseen.add(passed.about)


def tell() -> int:
    """Mail everybody who is to hear of what clocks passed since the last time, in one transaction with the marks that
    say so; returns how many mails were queued. Of two at once each tells of what the other has not taken. A clock that
    was stopped meanwhile needs nobody's attention.
    """

    def act(_work: UnitOfWork) -> int:
        heard: dict[Any, Heard] = {}
        for some in batched(_take(), CHUNK, strict=False):
            for passed, people in _matched(some):
                for person, seen in people:
                    heard.setdefault(person.pk, Heard(person)).hear(passed, seen=seen)
        for one in sorted(heard.values(), key=lambda one: one.person.email):
            _mail(one)
        return len(heard)

    return in_unit_of_work(act)


def _take() -> list[Passed]:
    """What was passed and not told, the longest overdue first, off the list."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH taken AS (
                   DELETE FROM sla_untold WHERE id IN (SELECT id FROM sla_untold FOR UPDATE SKIP LOCKED)
                   RETURNING clock_id, level
               )
               SELECT clock.id, clock.about, clock.kind, max(taken.level)
               FROM taken JOIN sla_clock AS clock ON clock.id = taken.clock_id WHERE clock.stopped_at IS NULL
               GROUP BY clock.id ORDER BY clock.due_at, clock.id"""
        )
        return [Passed(*row) for row in cursor.fetchall()]


def _matched(some: Iterable[Passed]) -> Iterator[tuple[Passed, list[tuple[User, bool]]]]:
    """Each with the people who hear of it, whose work it is and who has the part, and whether they may see it. Who may
    not, and has the board of clocks, hears of its reference, as the board shows it; anybody else of nothing.
    """
    some = list(some)
    crowd = list(User.objects.with_role(*heard_at_all()))
    owners, visible = _owners(passed.about for passed in some), Visible(some)
    for passed in some:
        roles = hearers(passed.kind, passed.level)
        people = {person.pk: person for person in crowd if roles.intersection(person.roles)}
        if owner := owners.get(passed.about):
            people[owner.pk] = owner
        known = [(person, passed.about in visible.to(person, passed.about)) for person in people.values()]
        yield passed, [(person, seen) for person, seen in known if seen or person.may(Permission.CLOCK_BOARD)]


def _owners(abouts: Iterable[str]) -> dict[str, User]:
    """Whose work each record is, where that is somebody who still works here."""
    owners: dict[str, Any] = {}
    for model, names in _by_model(abouts):
        if column := model.owner_field:
            found = model._default_manager.filter(**{f"{model.reference_field}__in": names, f"{column}__isnull": False})
            for name, owner in found.values_list(model.reference_field, column):
                owners[f"{model.reference_prefix}:{name}"] = owner
    people = User.objects.filter(is_active=True).in_bulk(set(owners.values()))
    return {about: people[owner] for about, owner in owners.items() if owner in people}


class Visible:
    """Which of some matters a person may see, asked once a person and kind of record."""

    def __init__(self, some: Iterable[Passed]) -> None:
        self.names = {model.reference_prefix: (model, names) for model, names in _by_model(p.about for p in some)}
        self.seen: dict[tuple[Any, str], frozenset[str]] = {}

    def to(self, person: User, about: str) -> frozenset[str]:
        prefix, _sep, _name = about.partition(":")
        key = person.pk, prefix
        if key not in self.seen:
            self.seen[key] = self._ask(person, prefix)
        return self.seen[key]

    def _ask(self, person: User, prefix: str) -> frozenset[str]:
        if prefix not in self.names:
            return frozenset()
        model, names = self.names[prefix]
        found = model._default_manager.visible_to(person).filter(**{f"{model.reference_field}__in": names})
        return frozenset(f"{prefix}:{name}" for name in found.values_list(model.reference_field, flat=True))


def _by_model(abouts: Iterable[str]) -> Iterator[tuple[Any, list[str]]]:
    names: dict[Any, list[str]] = {}
    for model, name in references.split(abouts):
        names.setdefault(model, []).append(name)
    yield from names.items()


class Matter(NamedTuple):
    """One line of a mail."""

    title: str
    clock: Clock
    level: int


def _title(record: Record, heard: Heard) -> str:
    return record.reference.partition(":")[2] if record.reference in heard.unseen else record.title


def _mail(heard: Heard) -> None:
    """One mail: about the matter itself if it is a single one, else a list with the longest overdue first."""
    records = references.find_many(passed.about for passed in heard.first)
    clocks = Clock.objects.in_bulk([passed.clock for passed in heard.first])
    matters = [
        Matter(_title(records[one.about], heard), clocks[one.clock], one.level)
        for one in heard.first
        if one.about in records
    ]
    about: Record = heard.person
    kind, link = "clocks_escalated", reverse("board:board" if heard.unseen else "clocks:mine")
    words: dict[str, Any] = {"matters": matters, "count": heard.count}
    if heard.count == 1 and matters:
        (about,) = records.values()
        kind, words = "clock_escalated", matters[0]._asdict()
        link = link if heard.unseen else about.get_absolute_url()
    words |= {"person": heard.person, "more": heard.count - len(matters)}
    late = any(matter.level >= 100 for matter in matters)
    outbox.queue(kind, to=heard.person.email, about=about, actor=CLOCKS, link=link, late=late, **words)
