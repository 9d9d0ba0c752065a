"""The stage: everybody's acts in the order in which they happen, under the moved clock, with clocks and mail running.

A course is a generator of instants. What stands between two of them happens at the first, as one unit of work.
"""

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from aup.models import PolicyVersion, Rule
from tipstaff.accounts.models import Subject, User
from tipstaff.demo.story.targets import explained
from tipstaff.ledger.append import Entry
from tipstaff.notices.models import Message
from tipstaff.notices.outbox import OUTBOX
from tipstaff.sla import sweep
from tipstaff.time import moved_to, now
from tipstaff.workflow.unit import UnitOfWork, in_unit_of_work

Course = Iterator[datetime]
SEEN_AFTER = timedelta(seconds=4)  # how soon a sweep sees a clock, and a mail server takes a mail
GONE = "gone."  # how an address begins that takes no mail any more
ACTS = 10  # in one unit of work
RECENT = timedelta(hours=30)  # mail that is younger is left for the worker, which hands it over for real


class Stage:
    """`play` carries out every course that `enter` was given, until each is over or has come to the present."""

    def __init__(
        self, began: datetime, people: dict[str, User], subjects: dict[str, Subject], say: Callable[[str], None]
    ) -> None:
        self.began, self.people, self.subjects, self.say = began, people, subjects, say
        self.latest = began - timedelta(seconds=40)
        self.waiting: list[tuple[datetime, int, Course]] = []
        self.entered = 0
        self.alarm = Alarm()
        versions = PolicyVersion.objects.latest_by(began).select_related("matrix")
        self.books = [(version, self._book(version)) for version in versions]

    @staticmethod
    def _book(version: PolicyVersion) -> dict[str, Rule]:
        rules = {rule.code: rule for rule in version.rules.select_related("group")}
        for rule in rules.values():
            rule.version = version
        return rules

    def version(self) -> PolicyVersion:
        """The version in force now."""
        return next(version for version, _rules in self.books if in_force_by(version, now()))

    def codes_naming(self, control: str) -> list[str]:
        """The rules that the policy in force wants this kind of control for."""
        return [code for code, rule in self.books[0][1].items() if control in rule.controls and rule.enabled]

    def rule(self, code: str, at: datetime | None = None) -> Rule:
        """The rule `code` as it stood at `at`, or now: read once, because published rules never change."""
        instant = at or now()
        return next(rules[code] for version, rules in self.books if in_force_by(version, instant))

    def days_ago(self, days: float) -> datetime:
        return self.began - timedelta(days=days)

    def enter(self, course: Course) -> None:
        """Take a course up to its first instant."""
        self.entered += 1
        self._wait(course, self.entered)

    def _wait(self, course: Course, number: int) -> None:
        at = next(course, None)
        if at is not None:
            heapq.heappush(self.waiting, (min(at, self.latest), number, course))

    def play(self) -> None:
        """Act by act in the order of time, with the clocks between, a few of them in one unit of work."""
        while self.waiting:
            in_unit_of_work(self._scene)
        in_unit_of_work(partial(self._run_clocks, self.latest))

    def _scene(self, work: UnitOfWork) -> None:
        """The next acts, as many as fit into one transaction."""
        for _act in range(min(ACTS, len(self.waiting))):
            self._run_clocks(self.waiting[0][0], work)
            at, number, course = heapq.heappop(self.waiting)  # an earlier one, where a clock entered it just now
            self._do(work, at, partial(self._wait, course, number))

    def _do(self, work: UnitOfWork, at: datetime, act: Callable[[], Any]) -> None:
        """Carry out an act, hand its mail over, and look at the clocks again if it moved one."""
        mark = len(work.entries)
        with moved_to(at):
            act()
        queued = [entry.told["about"]["id"] for entry in work.entries[mark:] if entry.kind == "message.queued"]
        if queued:
            self._post(work, queued, only_clocks=at > self.began - RECENT)
        for entry in work.entries[mark:]:
            self.alarm.hear(entry)
            if entry.kind == "clock.breached":
                missed_at = datetime.fromisoformat(entry.told["facts.reached_at"])  # the same, however it is told
                self.enter(explained(entry.told["about"]["id"], self.people, missed_at))

    def _run_clocks(self, until: datetime, work: UnitOfWork) -> None:
        """Sweep whenever something is due, as the beat would have done."""
        while (due := self.alarm.rings_at) is not None and due + SEEN_AFTER < until:
            self._do(work, due + SEEN_AFTER, sweep.sweep)

    def _post(self, work: UnitOfWork, queued: list[str], *, only_clocks: bool) -> None:
        """Hand over what was queued just now. What is recent waits for the worker; it was not late, so clocks stop."""
        waiting = Message.objects.filter(pk__in=queued).order_by("queued_at", "id")
        for message in waiting.select_for_update(no_key=True):
            work.holds(message)
            with moved_to(message.queued_at + SEEN_AFTER):
                if only_clocks:
                    message.settle_record()
                elif message.recipient.startswith(GONE):
                    message.give_up(actor=OUTBOX, error="550 refused by the mail server")
                else:
                    message.hand_over(actor=OUTBOX)


class Alarm:
    """When a clock has to be looked at next. Known from the events that clocks leave, so that the database need not be
    asked after each of thousands of acts.
    """

    def __init__(self) -> None:
        self.checks: dict[str, datetime | None] = {}  # by the id of the clock; None where no check is ahead
        self.running: dict[str, bool] = {}
        self.queue: list[tuple[datetime, str]] = []

    def hear(self, entry: Entry) -> None:
        if not entry.kind.startswith("clock."):
            return
        clock = entry.told["about"]["id"]
        changed = {name: entry.told.get(f"changes.{name}") for name in ("next_check_at", "paused_at", "stopped_at")}
        if change := changed["next_check_at"]:
            self.checks[clock] = datetime.fromisoformat(change[1]) if change[1] else None
        for name in ("paused_at", "stopped_at"):
            if change := changed[name]:
                self.running[clock] = change[1] is None
        if (at := self._check_of(clock)) is not None:
            heapq.heappush(self.queue, (at, clock))

    def _check_of(self, clock: str) -> datetime | None:
        return self.checks.get(clock) if self.running.get(clock, True) else None

    @property
    def rings_at(self) -> datetime | None:
        while self.queue and self._check_of(self.queue[0][1]) != self.queue[0][0]:
            heapq.heappop(self.queue)  # it stands still by now, or is to be looked at another time
        return self.queue[0][0] if self.queue else None


def in_force_by(version: PolicyVersion, at: datetime) -> bool:
    return version.effective_from is not None and version.effective_from <= at
