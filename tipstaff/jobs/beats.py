"""The heartbeat: every periodic job says when it began and ended, and from that follows how late each is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tipstaff.jobs.models import Tick, Worker
from tipstaff.jobs.models.tick import SLACK
from tipstaff.logs import kind_of
from tipstaff.queues import QUEUES
from tipstaff.time import now

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SWEEP = "sweep-clocks"
LABELS: dict[str, "StrOrPromise"] = {
    SWEEP: gettext_lazy("Clocks: warnings and breaches"),
    "deliver-messages": gettext_lazy("Mail and notices"),
    "deliver-webhooks": gettext_lazy("Webhooks"),
    "go-on": gettext_lazy("Long tasks that were interrupted"),
    "scan-files": gettext_lazy("Files that wait for a scan"),
    "issue-committed": gettext_lazy("Decisions that leave when they can no longer be taken back"),
    "prepare-evidence": gettext_lazy("Evidence that waits to be read"),
    "tell-endings-cases": gettext_lazy("Measures and breaches that end by themselves"),
    "tell-endings-appeals": gettext_lazy("Appeals: rights that end, and questions nobody answered"),
    "tell-endings-waivers": gettext_lazy("Waivers that end or lapse"),
    "tell-endings-custody": gettext_lazy("Disposals that wait for approval"),
    "close-cases": gettext_lazy("Cases that came to rest"),
    "check-fixity": gettext_lazy("Stored files, compared with their digests"),
    "remove-unclaimed-files": gettext_lazy("Files that nobody claimed"),
    "propose-disposals": gettext_lazy("Disposals that are due"),
}
FAILED_ALL = "could do none of what was due"


# --- what a run says ---
def entry_of(task: str) -> str | None:
    """The name in the schedule of the periodic job that `task` is."""
    return next((name for name, entry in settings.CELERY_BEAT_SCHEDULE.items() if entry["task"] == task), None)


def begun(name: str) -> None:
    _write(Tick(name=name, begun_at=now()), "begun_at")


def ended(name: str, result: Any) -> None:
    """The run came to its end. `result` is what the task returned: how many it dealt with, or a pair with how many it
    could not deal with beside it. One that found work and could do none of it has not run.
    """
    done, failed = result if isinstance(result, tuple | list) and len(result) == 2 else (result, 0)
    count = done if isinstance(done, int) else None
    if failed and not count:
        return went_wrong(name, FAILED_ALL, failed=failed)
    at = now()
    tick = Tick(name=name, finished_at=at, took=_took(name, at), count=count, failed=failed or 0)
    return _write(tick, "finished_at", "took", "count", "failed")


def went_wrong(name: str, error: BaseException | str, *, failed: int = 0) -> None:
    kind = error if isinstance(error, str) else kind_of(error)
    _write(Tick(name=name, failed_at=now(), error=kind[:120], failed=failed), "failed_at", "error", "failed")


def _took(name: str, at: datetime) -> timedelta | None:
    begun_at = Tick.objects.filter(pk=name).values_list("begun_at", flat=True).first()
    return at - begun_at if begun_at and begun_at <= at else None


def _write(tick: Tick, *columns: str) -> None:
    Tick.objects.bulk_create([tick], update_conflicts=True, unique_fields=["name"], update_fields=columns)


def expect() -> None:
    """From now on every entry of the schedule could run: a worker is up."""
    Tick.objects.bulk_create([Tick(name=name) for name in settings.CELERY_BEAT_SCHEDULE], ignore_conflicts=True)


# --- how late each is ---
@dataclass(frozen=True)
class Beat:
    """One entry of the schedule at an instant."""

    name: str
    every: timedelta
    tick: Tick | None
    at: datetime

    @property
    def label(self) -> "StrOrPromise":
        return LABELS.get(self.name, self.name)

    @property
    def last(self) -> datetime | None:
        return self.tick.finished_at if self.tick else None

    @property
    def age(self) -> timedelta | None:
        """Since the last run that went well, or since it could have run; None while no worker was ever there."""
        since = self.last or (self.tick.since if self.tick else None)
        return max(self.at - since, timedelta()) if since else None

    @property
    def late(self) -> timedelta:
        return max((self.age or timedelta()) - self.every, timedelta())

    @property
    def alarming(self) -> bool:
        """Late by more than two intervals. The sweep must have run once: clocks hang on it."""
        if self.name == SWEEP and self.last is None:
            return True
        return self.late > 2 * self.every + SLACK

    @property
    def every_words(self) -> str:
        return span(self.every)

    @property
    def late_words(self) -> str:
        if self.age is None:
            return _("It has never run")
        return _("%(span)s late") % {"span": span(self.late)}

    @property
    def failing(self) -> bool:
        """Its last run failed."""
        tick = self.tick
        return bool(tick and tick.failed_at and (tick.finished_at is None or tick.failed_at > tick.finished_at))


def span(length: timedelta) -> str:
    """A length of time in words, in its largest unit that fits twice."""
    seconds = int(length.total_seconds())
    if seconds >= 2 * 86_400 or seconds == 86_400:
        return ngettext("%(count)d day", "%(count)d days", seconds // 86_400) % {"count": seconds // 86_400}
    if seconds >= 2 * 3_600 or seconds == 3_600:
        return ngettext("%(count)d hour", "%(count)d hours", seconds // 3_600) % {"count": seconds // 3_600}
    if seconds >= 120 or seconds == 60:
        return ngettext("%(count)d minute", "%(count)d minutes", seconds // 60) % {"count": seconds // 60}
    return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}


def beats(at: datetime | None = None) -> list[Beat]:
    """Every entry of the schedule, the latest first. One query."""
    moment = at or now()
    ticks = Tick.objects.in_bulk(list(settings.CELERY_BEAT_SCHEDULE))
    found = [
        Beat(name, timedelta(seconds=entry["schedule"]), ticks.get(name), moment)
        for name, entry in settings.CELERY_BEAT_SCHEDULE.items()
    ]
    return sorted(found, key=lambda beat: (not beat.alarming, not beat.failing, beat.every, beat.name))


def untaken(at: datetime) -> list[str]:
    """The queues that no living worker takes from."""
    taken = {queue for queues in Worker.objects.alive(at).values_list("queues", flat=True) for queue in queues}
    return [queue for queue in QUEUES if queue not in taken]
