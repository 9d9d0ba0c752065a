"""What administrators type about targets and calendars."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import available_timezones

import holidays
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff import places
from tipstaff.sla.models import Calendar, Target
from tipstaff.sla.models.calendar import NAME_LIMIT, Hours
from tipstaff.sla.models.target import AMOUNT_LIMIT, NORM_LIMIT, REASON_LIMIT, SEVERITIES
from tipstaff.sla.working_time import WEEK

ROWS_OF_A_KIND = 30
DAYS_LIMIT = 8000
WEEKDAYS = (
    ("monday", gettext_lazy("Monday")),
    ("tuesday", gettext_lazy("Tuesday")),
    ("wednesday", gettext_lazy("Wednesday")),
    ("thursday", gettext_lazy("Thursday")),
    ("friday", gettext_lazy("Friday")),
    ("saturday", gettext_lazy("Saturday")),
    ("sunday", gettext_lazy("Sunday")),
)


class ReasonForm(forms.Form):
    """Why something is changed that everybody counts on."""

    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=REASON_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Kept in the history beside the change."),
    )


# --- targets ---
class TargetForm(forms.Form):
    """One row of the targets of a kind. A row whose time is left empty is left out."""

    is_filter = True  # everything may stay empty, which the page says once

    severity = forms.TypedChoiceField(
        label=gettext_lazy("Severity"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", gettext_lazy("any")), *((level, level) for level in SEVERITIES)],
    )
    referral = forms.TypedChoiceField(
        label=gettext_lazy("Referral to an authority"),
        required=False,
        coerce=lambda value: value == "yes",
        empty_value=None,
        choices=[("", gettext_lazy("either way")), ("yes", gettext_lazy("compulsory")), ("no", gettext_lazy("not"))],
    )
    amount = forms.IntegerField(label=gettext_lazy("Within"), min_value=1, max_value=AMOUNT_LIMIT, required=False)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"), choices=Target.Unit, required=False)
    calendar = forms.ModelChoiceField(
        Calendar.objects, label=gettext_lazy("Calendar"), required=False, empty_label=gettext_lazy("around the clock")
    )
    statutory = forms.BooleanField(label=gettext_lazy("Set by law"), required=False)
    norm = forms.CharField(label=gettext_lazy("Source"), max_length=NORM_LIMIT, required=False)

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if not typed.get("amount"):
            return typed
        unit, calendar = typed.get("unit"), typed.get("calendar")
        if not unit:
            self.add_error("unit", _("Say minutes, hours, days or working days."))
        if unit == Target.Unit.WORKING_DAYS and calendar is None:
            self.add_error("calendar", _("Working days need a calendar."))
        if unit == Target.Unit.DAYS and calendar is not None:
            self.add_error("unit", _("With a calendar say working days or hours, so that a day means one thing."))
        if typed.get("statutory") and calendar is not None:
            self.add_error("calendar", _("What the law sets runs around the clock."))
        return typed

    def row(self, kind: str) -> dict[str, Any]:
        """The columns of a Target of `kind`, as `TargetTable.adopt` takes them."""
        typed = self.cleaned_data
        return {
            "kind": kind,
            "severity": typed["severity"],
            "referral": typed["referral"],
            "amount": typed["amount"],
            "unit": typed["unit"],
            "calendar": str(typed["calendar"].pk) if typed["calendar"] else None,
            "statutory": typed["statutory"],
            "norm": typed["norm"],
        }


def initial_of(target: Target) -> dict[str, Any]:
    """A row in force as the form shows it."""
    referral = {None: "", True: "yes", False: "no"}[target.referral]
    return {
        "severity": target.severity or "",
        "referral": referral,
        "amount": target.amount,
        "unit": target.unit,
        "calendar": target.calendar_id,
        "statutory": target.statutory,
        "norm": target.norm,
    }


TargetFormSet = forms.formset_factory(
    TargetForm, extra=2, can_order=True, can_delete=False, max_num=ROWS_OF_A_KIND, validate_max=True
)


# --- calendars ---
def countries() -> list[tuple[str, str]]:
    """Every country whose public holidays are known, by its name in the reader's language."""
    named = [(code, places.named(code)) for code in holidays.list_supported_countries(include_aliases=False)]
    return [("", _("none")), *sorted(named, key=lambda pair: pair[1])]


class CalendarForm(forms.Form):
    """The hours of a team, as people say them."""

    is_filter = True  # which fields may stay empty is plain from what they say

    name = forms.CharField(
        label=gettext_lazy("Team"), max_length=NAME_LIMIT, help_text=gettext_lazy("Such as: Appeals, Dublin.")
    )
    zone = forms.ChoiceField(label=gettext_lazy("Time zone"), choices=lambda: [(z, z) for z in sorted(_zones())])
    country = forms.ChoiceField(
        label=gettext_lazy("Public holidays of"),
        choices=countries,
        required=False,
        help_text=gettext_lazy("For this year and the next ones; they are looked up again as the years go on."),
    )
    subdivision = forms.CharField(
        label=gettext_lazy("State or region"),
        max_length=12,
        required=False,
        help_text=gettext_lazy("Its ISO 3166-2 code without the country, such as BY for Bavaria."),
    )
    days = forms.CharField(
        label=gettext_lazy("Other days off"),
        required=False,
        max_length=DAYS_LIMIT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("One a line: 2026-12-24 Office closed."),
    )
    worked = forms.CharField(
        label=gettext_lazy("Holidays on which the team works"),
        required=False,
        max_length=DAYS_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("One date a line: 2026-05-01."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for day, label in WEEKDAYS:
            self.fields[day] = forms.CharField(label=label, max_length=100, required=False)
        self.fields["monday"].help_text = _("From and to, such as 09:00-12:30, 13:30-18:00. Empty: nobody works.")
        self.order_fields(["name", "zone", *(day for day, _label in WEEKDAYS)])

    def clean_days(self) -> dict[str, str]:
        return dict(_dated(line) for line in self.cleaned_data["days"].splitlines() if line.strip())

    def clean_worked(self) -> list[str]:
        return [_dated(line)[0] for line in self.cleaned_data["worked"].splitlines() if line.strip()]

    @property
    def hours(self) -> Hours:
        typed: Mapping[str, Any] = self.cleaned_data
        return Hours(
            zone=typed["zone"],
            week=[[part.strip() for part in typed[day].split(",") if part.strip()] for day, _label in WEEKDAYS],
            country=typed["country"],
            subdivision=typed["subdivision"].strip().upper(),
            days=typed["days"],
            worked=typed["worked"],
        )


def typed_of(calendar: Calendar) -> dict[str, Any]:
    """A calendar in force as the form shows it."""
    hours = calendar.latest().hours
    week = {WEEKDAYS[day][0]: ", ".join(hours.week[day]) for day in range(WEEK)}
    return week | {
        "name": calendar.name,
        "zone": hours.zone,
        "country": hours.country,
        "subdivision": hours.subdivision,
        "days": "\n".join(f"{day} {name}" for day, name in sorted(hours.days.items())),
        "worked": "\n".join(hours.worked),
    }


def _zones() -> set[str]:
    """Zones as people know them: by a place, and UTC."""
    return {zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix"))} | {"UTC"}


def _dated(line: str) -> tuple[str, str]:
    """`2026-12-24 Office closed` as its date and its name."""
    day, _space, name = line.strip().partition(" ")
    try:
        return date.fromisoformat(day).isoformat(), name.strip() or _("Day off")
    except ValueError as error:
        raise forms.ValidationError(
            _("“%(line)s” does not begin with a date such as 2026-12-24.") % {"line": line[:60]}
        ) from error
