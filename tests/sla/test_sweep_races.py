"""Sweeps beside each other, and beside people at work on the same case."""

import threading
from datetime import timedelta

from django.db import connections, transaction

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


def test_two_sweeps_record_each_level_once_and_mail_nobody_twice_of_it(clone: str) -> None:
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
        missed = Clock.objects.filter(about=case.reference, breached_at__isnull=False).count()
        assert Event.objects.filter(stream=case.stream, kind="clock.breached").count() == missed
    mails = Message.objects.filter(kind__in=["clock_escalated", "clocks_escalated"])
    for mailbox in ("lead", "head"):
        text = "".join(mail.text for mail in mails.filter(recipient=f"{mailbox}@demo.example"))
        for case in cases:
            assert text.count(f"{case.ref}: Decision was due") + text.count(f"{case.ref} was due") == 1


def test_a_sweep_leaves_out_what_somebody_has_in_hand_and_waits_for_nobody(clone: str) -> None:
    """Everybody locks the case first and its clock second; a sweep takes of both only what is free."""
    case, other = factories.case(code="VE-02", severity=4), factories.case(code="VE-02", severity=4)
    with transaction.atomic():
        case.lock()
        beside = Sweep()
        beside.join(10)
        assert not beside.is_alive()
        clocks.stop(case, Clock.Kind.DECISION)
    assert beside.error is None
    assert beside.moved == Clock.objects.running().exclude(about=case.reference).count()
    assert Clock.objects.get(about=other.reference, kind="decision").level == 150
    clock = Clock.objects.get(about=case.reference, kind="decision")
    assert (clock.outcome, clock.alerts.count()) == ("met", 0)


def test_what_was_in_hand_is_brought_up_to_date_by_the_next_sweep(clone: str) -> None:
    case = factories.case(code="VE-02", severity=4)
    clock = Clock.objects.get(about=case.reference, kind="decision")
    for locked in (case, clock):
        with transaction.atomic():
            locked.lock()
            beside = Sweep()
            beside.join(10)
            assert (beside.is_alive(), beside.error) == (False, None)
            assert not clock.alerts.exists()
    beside = Sweep()
    beside.join(10)
    assert (beside.error, clock.alerts.count()) == (None, 4)
