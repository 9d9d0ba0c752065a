"""A clock in words: how much is left, by how much it was missed, why it stands still, and which row says so."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tipstaff.sla.models import Clock, Kind
from tipstaff.time import now

if TYPE_CHECKING:
    from tipstaff.workflow.models import Record

SHOWN = 40  # clocks of one record on its page
DAYS_OFF = 3  # that are named beside a due time
WHEN = "D j M H:i"


@dataclass(frozen=True)
class Told:
    """A clock at one instant, for `parts/clock.html`. `tone` is a class of the stylesheet, and never the only sign."""

    clock: Clock
    at: datetime

    @property
    def missed_at(self) -> datetime | None:
        """When the promise was broken, whether or not a sweep has seen it."""
        clock = self.clock
        if clock.breached_at or clock.stopped_at or clock.paused_at:
            return clock.breached_at
        return clock.due_at if clock.due_at < self.at else None

    @property
    def tone(self) -> str:
        clock = self.clock
        if clock.outcome == Clock.Outcome.CANCELLED or (clock.paused_at and not clock.breached_at):
            return ""
        if self.missed_at:
            return "late"
        if clock.stopped_at:
            return "ok"
        return "due" if clock.due_at - self.at < timedelta(days=1) else ""

    @property
    def due_at(self) -> datetime | None:
        """The date to show beside the words; none where the words say all there is."""
        clock = self.clock
        if clock.stopped_at:
            return None
        return clock.pause_ends_by() if clock.paused_at else self.missed_at or clock.due_at

    @property
    def short(self) -> str:
        """For a chip: what stands in a list."""
        clock = self.clock
        if clock.outcome == Clock.Outcome.CANCELLED:
            return _("called off")
        if self.missed_at:
            return _("missed by %(length)s") % {"length": self._late_by()}
        if clock.stopped_at:
            return _("met")
        return _("stands still") if clock.paused_at else _("%(length)s left") % {"length": self._left()}

    @property
    def sentence(self) -> str:
        """What stands beside the name of the clock."""
        clock = self.clock
        if clock.outcome == Clock.Outcome.CANCELLED:
            return _("Called off: %(reason)s") % {"reason": clock.get_cancelled_because_display()}
        if clock.stopped_at and not self.missed_at:
            return _("Met, with %(left)s to spare of %(target)s") % {"left": self._spare(), "target": self.target}
        if clock.stopped_at:
            return _("Missed by %(length)s; the target was %(target)s") % self._facts()
        if clock.paused_at and self.missed_at:
            return _("Missed by %(length)s, and stands still: %(reason)s; goes on by itself %(when)s") % self._facts()
        if clock.paused_at:
            return _("Stands still: %(reason)s; goes on by itself %(when)s") % self._facts()
        if self.missed_at:
            return _("Missed by %(length)s; the target is %(target)s, and it was due %(when)s") % self._facts()
        return _("%(left)s left of %(target)s, due %(when)s") % self._facts()

    @property
    def target(self) -> str:
        return self.clock.matched.spoken

    @property
    def row(self) -> str:
        """Which row of the targets matched (K13)."""
        row = self.clock.matched
        parts = [str(row.get_kind_display())]
        if row.severity:
            parts.append(_("severity %(level)s") % {"level": row.severity})
        if row.referral:
            parts.append(_("referral compulsory"))
        said = _("%(what)s: %(length)s") % {"what": ", ".join(parts), "length": row.spoken}
        return f"{said}; {row.norm}" if row.norm else said

    @property
    def calendar(self) -> str:
        """By which hours it counts."""
        edition = self.clock.calendar
        if edition is None:
            return _("around the clock")
        return _("%(name)s, edition %(number)s") % {"name": edition.calendar.name, "number": edition.number}

    @property
    def days_off(self) -> list[tuple[str, str]]:
        """The next days on which its calendar does not work, with their names."""
        hours = self.clock.working_time
        today = self.at.astimezone(ZoneInfo(hours.zone)).date()
        coming = ((day, name) for day, name in sorted(hours.holidays.items()) if day >= today)
        return [(date_format(day, "D j M Y"), name) for day, name in islice(coming, DAYS_OFF)]

    @property
    def tooltip(self) -> str:
        """For who points at the due time: the instant, the calendar and its next days off."""
        parts = [self.row, self.calendar]
        if at := self.due_at:
            parts.insert(0, date_format(localtime(at), "DATETIME_FORMAT") + date_format(localtime(at), " e"))
        if off := self.days_off:
            parts.append(_("next days off: %(days)s") % {"days": ", ".join(f"{day} ({name})" for day, name in off)})
        return " · ".join(parts)

    @property
    def asks(self) -> bool:
        """Whether somebody still has to say why it was late. Asked once a sweep or the stop has written that down."""
        return bool(self.clock.breached_at and not self.clock.breach_reason)

    def _facts(self) -> dict[str, str]:
        at = self.due_at
        return {
            "length": self._late_by() if self.missed_at else "",
            "left": "" if self.missed_at else self._left(),
            "target": self.target,
            "reason": str(self.clock.get_pause_reason_display()),
            "when": date_format(localtime(at), WHEN) if at else "",
        }

    def _left(self) -> str:
        return self._length(self.clock.working_time.elapsed(self.at, self.clock.due_at))

    def _spare(self) -> str:
        return self._length(-(self.clock.difference or timedelta()))

    def _late_by(self) -> str:
        clock = self.clock
        if clock.difference is not None and clock.difference > timedelta():
            return self._length(clock.difference)
        until = clock.stopped_at or clock.paused_at or self.at
        worked = clock.working_time.elapsed(self.missed_at or until, until)
        if worked < timedelta(minutes=1):  # over a weekend nobody has worked, and it is late all the same
            return spoken(until - (self.missed_at or until))
        return self._length(worked)

    def _length(self, length: timedelta) -> str:
        return spoken(length, working=not self.clock.working_time.always)


def spoken(length: timedelta, *, working: bool = False) -> str:
    """A length of time in its largest whole unit: days from two on, hours, minutes. Working time is told in hours, as
    a day of it is as long as the calendar says.
    """
    minutes = int(max(length, timedelta()).total_seconds()) // 60
    if minutes < 60:
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    hours = minutes // 60
    if working:
        return ngettext("%(count)s working hour", "%(count)s working hours", hours) % {"count": hours}
    if hours < 48:
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    return ngettext("%(count)s day", "%(count)s days", hours // 24) % {"count": hours // 24}


def told_of(*records: "Record") -> list[Told]:
    """The clocks about `records` in words: first those that run, what is due soonest first; then the others, newest
    first. One query.
    """
    references = [record.reference for record in records]
    found = Clock.objects.filter(about__in=references).with_terms().order_by("-started_at")[:SHOWN]
    at = now()
    rows = sorted(found, key=lambda clock: (clock.stopped_at is not None, clock.due_at if not clock.stopped_at else at))
    return [Told(clock, at) for clock in rows]


def clock_of(told: list[Told], kind: Kind) -> Clock | None:
    """The clock of one kind among `told`: the one that runs, else the newest."""
    return next((one.clock for one in told if one.clock.kind == kind), None)
