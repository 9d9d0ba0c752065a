"""The heartbeat page: what runs by the clock, when it last did, how late it is, and who does it."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tipstaff.access import StaffRequest, needs
from tipstaff.celery import waiting
from tipstaff.jobs import beats
from tipstaff.jobs.models import Worker
from tipstaff.permissions import Permission
from tipstaff.time import now

WORKERS_SHOWN = 50


@require_safe
@needs(Permission.JOB_VIEW)
def heartbeat(request: StaffRequest) -> HttpResponse:
    """Every entry of the schedule, the alarming ones first, the workers, and how much waits for them."""
    at = now()
    found, dead = beats.beats(at), list(Worker.objects.dead(at).order_by("name")[:WORKERS_SHOWN])
    queued, untaken = waiting(), beats.untaken(at)
    alarms = sum(beat.alarming for beat in found) + len(dead) + len(untaken) + (queued is None)
    context = {
        "beats": found,
        "alarms": alarms,
        "workers": Worker.objects.alive(at).order_by("name")[:WORKERS_SHOWN],
        "dead": dead,
        "untaken": untaken,
        "waiting": queued,
        "every": settings.SWEEP_SECONDS,
        "manages": request.user.may(Permission.JOB_MANAGE),
    }
    name = "jobs/heartbeat.html#beats" if request.headers.get("HX-Request") else "jobs/heartbeat.html"
    response = render(request, name, context)
    response["Cache-Control"] = "no-store"
    return response
