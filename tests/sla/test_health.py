"""The heartbeat of the sweep, and what `/readyz` makes of it."""

from datetime import timedelta

from tipstaff.sla.models import Heartbeat
from tipstaff.sla.sweep import sweep
from tipstaff.sla.tasks import sweep as task
from tipstaff.time import moved_to, now


def test_a_sweep_leaves_its_time(db: None) -> None:
    sweep()
    first = Heartbeat.objects.get(name="sweep").at
    with moved_to(now() + timedelta(minutes=5)):
        task()
    assert Heartbeat.objects.get(name="sweep").at - first > timedelta(minutes=4)
