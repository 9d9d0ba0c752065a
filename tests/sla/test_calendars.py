"""When teams work: editions that never change, public holidays, and the pages of the administrator."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.sla.tables import adopt
from tipstaff.sla import clocks
from tipstaff.sla.models import Calendar, CalendarEdition, Clock, Kind
from tipstaff.sla.models.calendar import Hours
from tipstaff.time import moved_to
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")
WEEK = [["09:00-17:00"]] * 5 + [[], []]
CHRISTMAS_EVE = datetime(2031, 12, 24, 12, 0, tzinfo=UTC)  # a Wednesday


def dublin(**more: Any) -> Calendar:
    calendar = Calendar(name="Dublin")
    hours = {"zone": "Europe/Dublin", "week": WEEK, "country": "IE"} | more
    calendar.make(actor=factories.person("admin"), hours=hours)
    return calendar


class TestEditions:
    def test_public_holidays_are_not_worked(self) -> None:
        with moved_to(CHRISTMAS_EVE):
            adopt({"kind": "waiver_receipt", "amount": 1, "unit": "working_days", "calendar": str(dublin().pk)})
            clock = clocks.start(factories.subject(), Kind.WAIVER_RECEIPT, severity=1)
        assert clock.due_at == datetime(2031, 12, 29, 17, 0, tzinfo=UTC)  # the 25th and 26th are off, then a weekend

    def test_days_of_ones_own_and_holidays_that_are_worked(self) -> None:
        with moved_to(CHRISTMAS_EVE):
            made = dublin(days={"2031-12-29": "Stocktaking"}, worked=["2031-12-26"])
        off = made.latest().document["holidays"]
        assert off["2031-12-25"] == "Christmas Day"
        assert off["2031-12-29"] == "Stocktaking"
        assert "2031-12-26" not in off

    def test_a_clock_keeps_the_edition_it_started_with(self) -> None:
        made = dublin()
        adopt({"kind": "feedback", "amount": 8, "unit": "hours", "calendar": str(made.pk)})
        clock = clocks.start(factories.subject(), Kind.FEEDBACK, severity=1)
        longer = Hours(zone="Europe/Dublin", week=[["00:00-24:00"]] * 7)
        made.amend(actor=factories.person("admin"), hours=asdict(longer), reason="Day and night.")
        again = Clock.objects.get(pk=clock.pk)
        assert again.calendar.number == 1  # type: ignore[union-attr]
        assert again.instant_of(100) == clock.due_at
        assert clocks.start(factories.subject("acct_b"), Kind.FEEDBACK, severity=1).calendar.number == 2  # type: ignore[union-attr]

    def test_the_list_of_holidays_goes_on_with_the_years(self) -> None:
        with moved_to(CHRISTMAS_EVE):
            made = dublin()
            adopt({"kind": "feedback", "amount": 8, "unit": "hours", "calendar": str(made.pk)})
        with moved_to(CHRISTMAS_EVE + timedelta(days=3 * 365)):
            clock = clocks.start(factories.subject(), Kind.FEEDBACK, severity=1)
        assert clock.calendar.number == 2  # type: ignore[union-attr]
        assert "2036-12-25" in clock.calendar.document["holidays"]  # type: ignore[union-attr]
        assert made.latest().hours.country == "IE"

    @pytest.mark.parametrize(
        ("hours", "said"),
        [
            ({"week": [[]] * 7}, "at least one hour"),
            ({"week": [["17:00-09:00"]] * 7}, "closes before it opens"),
            ({"week": [["09:00-12:00", "11:00-13:00"]] * 7}, "do not overlap"),
            ({"week": [["soon"]] * 7}, "is not a time"),
            ({"zone": "Europe/Atlantis"}, "Atlantis"),
            ({"country": "XX"}, "no list of holidays"),
            ({"country": "DE", "subdivision": "XX"}, "no list of holidays"),
        ],
    )
    def test_hours_that_nobody_can_work_are_refused(self, hours: dict[str, Any], said: str) -> None:
        with pytest.raises(Refused, match=said):
            dublin(**hours)
        assert Calendar.objects.count() == 1

    def test_only_administrators_make_them(self) -> None:
        with pytest.raises(NotPermitted):
            Calendar(name="Mine").make(actor=factories.person("lead"), hours={"zone": "UTC", "week": WEEK})


TYPED = {
    "name": "Madrid",
    "zone": "Europe/Madrid",
    "country": "ES",
    "subdivision": "md",
    "days": "",
    "worked": "",
    **dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "09:00-14:00, 15:30-18:00"),
}


class TestPages:
    def test_one_is_added_and_changed(self, enter: Any) -> None:
        admin: Client = enter("admin")
        page = admin.post("/clocks/calendars/", TYPED)
        made = Calendar.objects.get(name="Madrid")
        assert page.url == made.get_absolute_url()
        assert made.latest().hours.week[0] == ["09:00-14:00", "15:30-18:00"]
        assert made.latest().subdivision == "MD"
        page = admin.get(made.get_absolute_url()).content.decode()
        assert "Days off in the next year" in page
        assert "Europe/Madrid" in page

        changed = TYPED | {"days": "2031-08-15 Feria\n2031-08-16", "reason": "The town celebrates."}
        page = admin.post(made.get_absolute_url(), changed | {"preview": "1"})
        assert page.status_code == 200
        assert "No open clock would be due at another time" in page.content.decode()
        assert made.editions.count() == 1
        assert admin.post(made.get_absolute_url(), changed | {"change": "1"}).url == "/clocks/recalculate/"
        assert made.latest().days == {"2031-08-15": "Feria", "2031-08-16": "Day off"}

    def test_a_change_says_which_clocks_would_move(self, enter: Any) -> None:
        made = dublin()
        adopt({"kind": "feedback", "amount": 30, "unit": "working_days", "calendar": str(made.pk)})
        clock = clocks.start(factories.subject(), Kind.FEEDBACK, severity=1)
        typed = TYPED | {"zone": "Europe/Dublin", "country": "IE", "subdivision": "", "saturday": "09:00-17:00"}
        page = enter("admin").post(made.get_absolute_url(), typed | {"preview": "1"}).content.decode()
        assert "1 open clock would be due at another time" in page
        assert Clock.objects.get().due_at == clock.due_at

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"name": "Working days"}, "Another calendar has this name"),
            ({"name": ""}, "This field is required"),
            ({"name": "ع" * 5000}, "at most 80 characters"),
            ({"monday": "9-17 oder so"}, "is not a time"),
            ({"zone": "Mars/Olympus"}, "Select a valid choice"),
            ({"days": "Christmas"}, "does not begin with a date"),
            ({"subdivision": "QQ"}, "no list of holidays"),
        ],
    )
    def test_bad_input_is_refused_and_kept(self, enter: Any, wrong: dict[str, str], said: str) -> None:
        page = enter("admin").post("/clocks/calendars/", TYPED | wrong)
        assert page.status_code == 422
        assert said in page.content.decode()
        assert "15:30-18:00" in page.content.decode()
        assert CalendarEdition.objects.count() == 1

    def test_a_lead_looks_and_changes_nothing(self, enter: Any) -> None:
        lead = enter("lead")
        assert lead.get("/clocks/calendars/").status_code == 200
        assert lead.post("/clocks/calendars/", TYPED).status_code == 403
        made = Calendar.objects.get()
        assert lead.get(made.get_absolute_url()).status_code == 200
        assert lead.post(made.get_absolute_url(), TYPED | {"change": "1", "reason": "x"}).status_code == 403
        assert enter("reviewer").get("/clocks/calendars/").status_code == 404

    def test_many_cost_no_more_queries(self, enter: Any, django_assert_max_num_queries: Any) -> None:
        for number in range(12):
            Calendar(name=f"Team {number}").make(actor=factories.person("admin"), hours={"zone": "UTC", "week": WEEK})
        admin = enter("admin")
        with django_assert_max_num_queries(10):
            admin.get("/clocks/calendars/")
