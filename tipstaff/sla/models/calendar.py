"""Calendar: when a team works. What it says is kept as editions that never change, and a clock runs by one of them."""

from dataclasses import asdict, dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

import holidays
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.ledger.models import UUIDv7
from tipstaff.permissions import Permission
from tipstaff.sla.working_time import WorkingTime
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor, System
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

YEARS_BACK, YEARS_AHEAD = 1, 3  # for which an edition lists the holidays, around the year in which it was made
NAME_LIMIT = 80
KEEPER = System("calendars")


@dataclass(frozen=True)
class Hours:
    """What an editor says of a calendar. `week` has the spans of Monday to Sunday (`09:00-17:30`); `country` and
    `subdivision` are ISO 3166 codes that the `holidays` library knows, or empty; `days` (ISO date → name) are days off
    besides, and `worked` are ISO dates on which the team works although the country does not.
    """

    zone: str
    week: list[list[str]]
    country: str = ""
    subdivision: str = ""
    days: dict[str, str] = field(default_factory=dict)
    worked: list[str] = field(default_factory=list)

    def holidays(self, years: range) -> dict[str, str]:
        """Every day off in `years` by its date, in order. Raises NotImplementedError for a country nobody knows."""
        public: dict[date, str] = {}
        if self.country:
            public = holidays.country_holidays(self.country, subdiv=self.subdivision or None, years=years)
        found = {day.isoformat(): name for day, name in public.items() if day.isoformat() not in self.worked}
        return dict(sorted((found | self.days).items()))

    def resolve(self, years: range) -> dict[str, Any]:
        """The document of `WorkingTime`, or a refusal that says what is wrong with it."""
        try:
            document = {"zone": self.zone, "week": self.week, "holidays": self.holidays(years)}
            if not any(WorkingTime.read(document).week):
                raise ValueError(_("A calendar needs at least one hour of work in the week."))
        except (ValueError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
            raise Refused(str(error)) from error
        except NotImplementedError as error:
            raise Refused(_("There is no list of holidays for this country or part of it.")) from error
        return document


def years_around(year: int) -> range:
    return range(year - YEARS_BACK, year + YEARS_AHEAD)


@references.register("calendar")
class Calendar(Record):
    """The hours and the days off of one team."""

    name = models.CharField(max_length=NAME_LIMIT, unique=True)

    reference_field = "id"

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/clocks/calendars/{self.pk}/"

    def latest(self) -> "CalendarEdition":
        return self.editions.order_by("-number")[0]

    def current(self) -> "CalendarEdition":
        """The edition that a clock started now runs by. A list of holidays that ends soon is made anew first."""
        edition = self.latest()
        if edition.country and now().year + 1 >= edition.until_year:
            self.amend(actor=KEEPER, hours=asdict(edition.hours), reason="The years went on.")
            edition = self.latest()
        return edition

    @operation(creates=True, permission=Permission.CLOCK_SET, said=gettext_lazy("made a calendar"))
    def make(self, *, actor: Actor, hours: dict[str, Any]) -> None:
        """Begin a calendar with its first edition."""
        self._edition(Hours(**hours), 1)

    @operation(permission=Permission.CLOCK_SET, said=gettext_lazy("changed a calendar"))
    def amend(self, *, actor: Actor, hours: dict[str, Any], reason: str) -> None:
        """Let clocks that start from now on run by other hours. Those that run keep the edition they started with."""
        self._edition(Hours(**hours), self.latest().number + 1)

    def _edition(self, hours: Hours, number: int) -> None:
        years = years_around(now().year)
        CalendarEdition.objects.create(
            calendar=self,
            number=number,
            country=hours.country,
            subdivision=hours.subdivision,
            days=hours.days,
            worked=hours.worked,
            document=hours.resolve(years),
            until_year=years.stop,
            made_at=now(),
        )


class CalendarEdition(models.Model):
    """What a calendar said from one change to the next; never changed, by trigger."""

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="editions")
    number = models.PositiveIntegerField()
    country = models.CharField(max_length=2, blank=True)
    subdivision = models.CharField(max_length=12, blank=True)
    days = models.JSONField(default=dict, blank=True)
    worked = models.JSONField(default=list, blank=True)
    document = models.JSONField(help_text="Zone, week and every day off, as WorkingTime reads it.")
    until_year = models.PositiveSmallIntegerField(help_text="The first year whose holidays are not listed.")
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["calendar", "number"]
        constraints = [models.UniqueConstraint(fields=["calendar", "number"], name="calendar_edition_once")]

    def __str__(self) -> str:
        return f"{self.calendar_id} {self.number}"

    @property
    def hours(self) -> Hours:
        """As it was typed; the inverse of making it."""
        return Hours(
            zone=self.document["zone"],
            week=self.document["week"],
            country=self.country,
            subdivision=self.subdivision,
            days=self.days,
            worked=self.worked,
        )

    @property
    def working_time(self) -> WorkingTime:
        return WorkingTime.read(self.document)


@lru_cache(maxsize=512)
def hours_by(edition: UUID) -> WorkingTime:
    """The working time of an edition by its id; editions never change, so each is read once a process."""
    return CalendarEdition.objects.get(pk=edition).working_time
