"""Sweeps beside each other, and beside people at work on the same case."""

import threading
import time
from datetime import timedelta

from django.db import connection, connections, transaction

from tests import factories
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock
from tipstaff.sla.sweep import sweep
from tipstaff.time import moved_to, now


class Sweep(threading.Thread):
    def __init__(self, ready: threading.Barrier | None = None) -> None:
        super().__init__()
        self.at, self.ready, self.moved, self.error = now() + timedelta(hours=37), ready, 0, None
        self.start()

    def run(self) -> None:
        try:
            if self.ready:
                self.ready.wait(10)
            with moved_to(self.at):
                self.moved = sweep()
        except BaseException as error:
            self.error = error
        finally:
            connections.close_all()


def test_two_sweeps_record_and_mail_each_level_once(clone: str) -> None:
    cases = [factories.case(code="VE-02", severity=4) for _ in range(6)]
    running = Clock.objects.running().count()
    ready = threading.Barrier(2)
    both = [Sweep(ready), Sweep(ready)]
    for one in both:
        one.join(60)
    assert [one.error for one in both] == [None, None]
    assert sum(one.moved for one in both) == running >= len(cases)
    for case in cases:
        clock = Clock.objects.get(about=case.reference, kind="decision")
        assert list(clock.alerts.order_by("level").values_list("level", flat=True)) == [50, 75, 100, 150]
        assert Event.objects.filter(stream=case.stream, kind="clock.breached").count() == 1
        assert Message.objects.filter(about=case.reference, kind="clock_escalated").count() == 2


def test_a_sweep_waits_for_who_is_at_work_on_the_case_and_both_get_through(clone: str) -> None:
    """Everybody locks the case first and its clock second; the other way round PostgreSQL would have to end one."""
    case = factories.case(code="VE-02", severity=4)
    with transaction.atomic():
        case.lock()
        beside = Sweep()
        _wait_until_somebody_waits()
        clocks.stop(case, Clock.Kind.DECISION)
    beside.join(10)
    assert beside.error is None
    assert beside.moved == Clock.objects.running().count()
    clock = Clock.objects.get(about=case.reference, kind="decision")
    assert (clock.outcome, clock.alerts.count()) == ("met", 0)


def _wait_until_somebody_waits() -> None:
    for _turn in range(500):
        with connection.cursor() as cursor:
            cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")
