"""Celery's part in the clocks: a tick. What is due stands in the rows."""

from celery import shared_task
from django.utils.translation import gettext_lazy

from tipstaff.jobs import progress
from tipstaff.sla.models import Recalculation, Target
from tipstaff.sla.recalculation import current_hours, moves, recalculate
from tipstaff.sla.sweep import sweep as sweep_clocks

SWEEPING = 20.0  # seconds; what is left after an outage is still due, and the next tick goes on


@shared_task(ignore_result=True)
def sweep() -> int:
    return sweep_clocks(SWEEPING)


@shared_task(ignore_result=True)
def recalculate_clocks(ordered: str) -> None:
    """Move every open clock that the table in force would have due at another time. Goes on where its rows say."""
    order = Recalculation.objects.select_related("ordered_by").get(pk=ordered)
    left = [move.clock.pk for move in moves(list(Target.objects.in_force()), current_hours()) if move]
    with progress.of(gettext_lazy("Recalculate clocks"), about=order.reference) as steps:
        for pk in left:
            recalculate(pk, ordered=order)
            steps.step()
