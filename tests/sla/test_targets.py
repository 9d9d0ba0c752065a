"""How long things may take: the table, its first match, what a change means for clocks that run, and the pages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from tests import factories
from tests.sla import tables
from tests.sla.tables import adopt, rows_in_force
from tipstaff.jobs.models import Progress
from tipstaff.ledger.models import Event
from tipstaff.notices import outbox
from tipstaff.notices.models import Message
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock, Kind, Recalculation, Target, TargetTable
from tipstaff.sla.models.target import INDISPENSABLE, SEVERITIES, first_match
from tipstaff.sla.recalculation import preview
from tipstaff.sla.tasks import recalculate_clocks
from tipstaff.sla.working_time import WorkingTime
from tipstaff.time import moved_to
from tipstaff.workflow.refused import NotPermitted, Refused

pytestmark = pytest.mark.usefixtures("people")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
THURSDAY = datetime(2031, 3, 6, 12, 0, tzinfo=UTC)
OFFICE = {"zone": "Europe/Dublin", "week": [["09:00-17:00"]] * 5 + [[], []]}


def words(kind: Kind, severity: int, *, referral: bool = False) -> str | None:
    target = clocks.target_for(kind, severity, referral=referral)
    return target and target.spoken


class TestDefaults:
    """The table that an installation begins with, against section 7.2 of the rules it was drawn up from."""

    @pytest.mark.parametrize(
        ("kind", "referral", "expected"),
        [
            (Kind.RECEIPT, False, ["15 minutes"] * 4),
            (Kind.TRIAGE, True, ["1 hour", "1 working day", "2 working days", "5 working days"]),
            (Kind.TRIAGE, False, ["4 hours", "1 working day", "2 working days", "5 working days"]),
            (Kind.INTERIM, True, ["1 hour", "2 working days", None, None]),
            (Kind.INTERIM, False, ["8 hours", "2 working days", None, None]),
            (Kind.DECISION, False, ["24 hours", "7 days", "14 days", "30 days"]),
            (Kind.AUTHORITY, True, ["1 hour", "24 hours", "24 hours", "24 hours"]),
            (Kind.REPORTER, False, ["24 hours", "2 working days", "2 working days", "5 working days"]),
            (Kind.FINDING, False, ["10 working days"] * 4),
            (Kind.APPEAL_RECEIPT, False, ["1 hour"] * 4),
            (Kind.APPEAL, True, ["3 days", "14 days", "14 days", "30 days"]),
            (Kind.APPEAL, False, ["7 days", "14 days", "14 days", "30 days"]),
            (Kind.WAIVER_RECEIPT, False, ["2 working days"] * 4),
            (Kind.WAIVER, False, ["30 days"] * 4),
            (Kind.FEEDBACK, False, ["10 working days"] * 4),
            (Kind.EXPORT, False, ["24 hours", "24 hours", "72 hours", "72 hours"]),
        ],
    )
    def test_a_fresh_installation_has_them(self, kind: Kind, referral: bool, expected: list[str | None]) -> None:
        assert [words(kind, severity, referral=referral) for severity in SEVERITIES] == expected

    def test_a_graver_matter_never_has_longer(self) -> None:
        rows = list(Target.objects.in_force())
        for kind in INDISPENSABLE:
            lengths = [first_match(rows, kind, severity).about for severity in SEVERITIES]  # type: ignore[union-attr]
            assert lengths == sorted(lengths), kind

    def test_what_the_law_sets_never_pauses(self) -> None:
        report = factories.report()
        clocks.pause(report, reason=Clock.PauseReason.REPORTER)
        paused = {clock.kind: clock.paused_at is not None for clock in Clock.objects.about(report).running()}
        assert paused == {"triage": True, "receipt": False}


class TestAdopt:
    def test_the_first_row_that_matches_wins_and_the_clock_keeps_which(self) -> None:
        adopt(
            {"kind": "decision", "severity": 3, "referral": True, "amount": 2, "unit": "hours"},
            {"kind": "decision", "severity": 3, "amount": 5, "unit": "hours", "norm": "our own"},
        )
        clock = clocks.start(factories.subject(), Kind.DECISION, severity=3)
        assert (clock.matched.norm, clock.target) == ("our own", 5 * HOUR)
        urgent = clocks.start(factories.subject("acct_other"), Kind.DECISION, severity=3, referral=True)
        assert (urgent.matched.position, urgent.target) == (1, 2 * HOUR)

    def test_a_kind_without_a_row_has_no_clock(self) -> None:
        assert clocks.start_if_set(factories.subject(), Kind.INTERIM, severity=1) is None
        assert not Clock.objects.exists()

    @pytest.mark.parametrize("kind", INDISPENSABLE)
    def test_nothing_indispensable_is_left_without_a_date(self, kind: Kind) -> None:
        rows = [row for row in rows_in_force() if not (row["kind"] == kind and row["severity"] is None)]
        with pytest.raises(Refused, match="Nothing says how long"):
            adopt(*rows, only=True)

    def test_a_row_that_no_clock_can_reach_is_refused(self) -> None:
        any_severity = {"kind": "training", "amount": 1, "unit": "hours"}
        with pytest.raises(Refused, match="never reached"):
            adopt(any_severity, any_severity | {"severity": 4})

    def test_a_table_made_from_an_older_one_is_refused(self) -> None:
        adopt({"kind": "training", "amount": 1, "unit": "hours"})
        with pytest.raises(Refused, match="Somebody else changed"):
            TargetTable(reason="late").adopt(actor=factories.person("admin"), rows=rows_in_force(), after=1)

    def test_only_administrators_adopt(self) -> None:
        with pytest.raises(NotPermitted):
            TargetTable(reason="mine").adopt(actor=factories.person("lead"), rows=rows_in_force(), after=1)

    @pytest.mark.parametrize("statement", ["UPDATE sla_target SET amount = 1", "DELETE FROM sla_calendaredition"])
    def test_sql_rewrites_no_history(self, statement: str) -> None:
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            connection.cursor().execute(statement)

    def test_working_days_end_when_the_team_goes_home(self) -> None:
        dublin = tables.calendar(OFFICE, "Dublin")
        adopt({"kind": "feedback", "amount": 2, "unit": "working_days", "calendar": str(dublin.pk)})
        with moved_to(THURSDAY):
            clock = clocks.start(factories.subject(), Kind.FEEDBACK, severity=1)
        assert clock.due_at == datetime(2031, 3, 10, 17, 0, tzinfo=UTC)  # Friday is the first, Monday the second
        assert clock.target == 21 * HOUR  # five on Thursday, eight and eight


class TestMail:
    """Receipts and reasons are timed until the mail has left, whatever became of it there."""

    def test_a_receipt_is_timed_until_its_mail_has_left(self) -> None:
        report = factories.report()
        clock = Clock.objects.get(about=report.reference, kind="receipt")
        assert (clock.target, clock.statutory) == (timedelta(minutes=15), True)
        Message.objects.get(about=report.reference).hand_over(actor=outbox.OUTBOX)
        clock.refresh_from_db()
        assert (clock.outcome, clock.difference) == ("met", clock.elapsed - clock.target)  # type: ignore[operator]

    def test_mail_that_cannot_be_delivered_stops_it_too(self) -> None:
        report = factories.report()
        Message.objects.get(about=report.reference).give_up(actor=outbox.OUTBOX, error="550")
        assert Clock.objects.get(about=report.reference, kind="receipt").outcome == "met"

    def test_without_an_address_nothing_is_owed(self) -> None:
        assert not Clock.objects.about(factories.report(contact="")).filter(kind="receipt").exists()

    def test_reasons_and_the_answer_to_the_reporter_are_timed(self) -> None:
        decision = factories.issued()
        running = Clock.objects.running().filter(about_stream=decision.stream)
        assert set(running.values_list("kind", flat=True)) >= {"statement"}
        for message in Message.objects.filter(state="queued"):
            message.hand_over(actor=outbox.OUTBOX)
        assert not running.filter(kind__in=["statement", "reporter", "receipt"]).exists()


class TestRegrade:
    def test_a_pause_is_counted_anew_in_the_calendar_of_the_new_target(self) -> None:
        """Paused from Friday noon to Monday noon is three days around the clock, and eight hours of an office."""
        office = tables.calendar(OFFICE, "Dublin")
        adopt({"kind": "triage", "severity": 3, "amount": 10, "unit": "hours", "calendar": str(office.pk)})
        friday, about = THURSDAY + DAY, factories.subject()
        with moved_to(friday):
            clocks.start(about, Kind.TRIAGE, severity=4)
            clocks.pause(about, reason=Clock.PauseReason.REPORTER)
        with moved_to(friday + 3 * DAY):
            assert clocks.resume(about, Kind.TRIAGE) == friday + 3 * DAY + 4 * HOUR
            due = clocks.regrade(about, Kind.TRIAGE, severity=3)
        clock = Clock.objects.get()
        assert clock.paused == 8 * HOUR
        assert due == WorkingTime.read(OFFICE).advance(friday, 18 * HOUR)


class TestRecalculation:
    def opened(self) -> Clock:
        case = factories.case(code="VE-02", severity=4)
        return Clock.objects.get(about=case.reference, kind="decision")

    def test_a_clock_that_runs_moves_only_by_order(self) -> None:
        clock = self.opened()
        adopt({"kind": "decision", "severity": 4, "amount": 6, "unit": "hours"})
        found = preview(list(Target.objects.in_force()))
        assert [(move.clock.pk, move.due_at) for move in found.moves] == [(clock.pk, clock.started_at + 6 * HOUR)]
        assert Clock.objects.get(pk=clock.pk).due_at == clock.due_at

        order = Recalculation(reason="The board decided so.", ordered_by=factories.person("admin"))
        order.order(actor=order.ordered_by)
        recalculate_clocks(str(order.pk))
        moved = Clock.objects.get(pk=clock.pk)
        assert (moved.due_at, moved.target) == (clock.started_at + 6 * HOUR, 6 * HOUR)
        event = Event.objects.filter(stream=clock.about_stream, kind="clock.recalculated").get()
        told = dict(event.disclosures.values_list("name", "value"))
        assert told["facts.ordered"] == order.reference
        assert preview(list(Target.objects.in_force())).count == 0

    def test_what_was_missed_stays_missed(self) -> None:
        clock = self.opened()
        adopt({"kind": "decision", "severity": 4, "amount": 60, "unit": "days"})
        order = Recalculation(reason="Too short.", ordered_by=factories.person("admin"))
        with moved_to(clock.due_at + HOUR):
            order.order(actor=order.ordered_by)
            recalculate_clocks(str(order.pk))
        moved = Clock.objects.get(pk=clock.pk)
        assert (moved.breached_at, moved.due_at) == (clock.due_at, clock.started_at + 60 * DAY)

    def test_the_case_keeps_the_same_due_time(self) -> None:
        from cases.models import Case

        clock = self.opened()
        adopt({"kind": "decision", "severity": 4, "amount": 6, "unit": "hours"})
        order = Recalculation(reason="Shorter.", ordered_by=factories.person("admin"))
        order.order(actor=order.ordered_by)
        recalculate_clocks(str(order.pk))
        assert Case.objects.get().due_at == clock.started_at + 6 * HOUR


def form(rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The post of the page that edits a kind."""
    posted = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": 0, "base": TargetTable.objects.newest().number}
    for place, row in enumerate(rows):
        posted |= {f"form-{place}-{name}": value for name, value in row.items()}
    return posted | more


@pytest.fixture
def admin(enter: Any) -> Client:
    return enter("admin")


class TestPages:
    def test_the_table_in_force_is_shown(self, admin: Client, django_assert_max_num_queries: Any) -> None:
        with django_assert_max_num_queries(12):
            page = admin.get("/clocks/targets/").content.decode()
        assert "15 minutes" in page
        assert "Working days" in page
        assert admin.get("/clocks/targets/1/").status_code == 200
        assert admin.get("/clocks/targets/9/").status_code == 404

    def test_a_lead_looks_and_a_reviewer_does_not(self, enter: Any) -> None:
        lead = enter("lead")
        assert "/clocks/targets/change/" not in lead.get("/clocks/targets/").content.decode()
        assert lead.get("/clocks/targets/change/triage/").status_code == 404
        assert lead.get("/clocks/recalculate/").status_code == 404
        assert enter("reviewer").get("/clocks/targets/").status_code == 404

    def test_rows_are_tried_out_then_adopted(self, admin: Client) -> None:
        clock = TestRecalculation().opened()
        rows = [{"severity": "4", "amount": "3", "unit": "hours"}, {"amount": "9", "unit": "days"}, {"amount": ""}]
        page = admin.post("/clocks/targets/change/decision/", form(rows, preview="1"))
        assert page.status_code == 200
        assert "1 open clock would be due at another time" in page.content.decode()
        assert TargetTable.objects.count() == 1

        page = admin.post("/clocks/targets/change/decision/", form(rows, adopt="1", reason=""))
        assert page.status_code == 422
        page = admin.post("/clocks/targets/change/decision/", form(rows, adopt="1", reason="Faster."))
        assert page.url == "/clocks/recalculate/"
        assert [words(Kind.DECISION, severity) for severity in SEVERITIES] == ["3 hours", "9 days", "9 days", "9 days"]
        assert words(Kind.TRIAGE, 4) == "4 hours"  # other kinds stay
        page = admin.get("/clocks/recalculate/")
        assert "Recalculate 1 clock<" in page.content.decode()
        page = admin.post("/clocks/recalculate/", {"reason": "Faster for all."})
        assert Progress.objects.get().get_absolute_url() == page.url
        assert Clock.objects.get(pk=clock.pk).due_at == clock.due_at  # a worker does it

    def test_the_order_of_rows_is_the_one_that_was_typed(self, admin: Client) -> None:
        rows = [
            {"amount": "9", "unit": "days", "ORDER": "2"},
            {"severity": "4", "amount": "3", "unit": "hours", "ORDER": "1"},
        ]
        admin.post("/clocks/targets/change/decision/", form(rows, adopt="1", reason="Faster."))
        assert words(Kind.DECISION, 4) == "3 hours"

    @pytest.mark.parametrize(
        ("rows", "said"),
        [
            ([], "Nothing says how long"),
            ([{"severity": "4", "amount": "3", "unit": "hours"}], "Nothing says how long"),
            ([{"amount": "3", "unit": "working_days"}], "Working days need a calendar"),
            ([{"amount": "3", "unit": "fortnights"}], "Select a valid choice"),
            ([{"amount": "-3", "unit": "hours"}], "greater than or equal to 1"),
            ([{"amount": "99999", "unit": "hours"}], "less than or equal to 5000"),
            ([{"amount": "3", "unit": "days"}, {"severity": "4", "amount": "3", "unit": "hours"}], "never reached"),
            ([{"amount": "3", "unit": "days", "norm": "x" * 5000}], "at most 200 characters"),
        ],
    )
    def test_bad_rows_are_refused_with_a_sentence(self, admin: Client, rows: list[dict[str, str]], said: str) -> None:
        page = admin.post("/clocks/targets/change/decision/", form(rows, adopt="1", reason="Because."))
        assert page.status_code == 422
        assert said in page.content.decode()
        assert TargetTable.objects.count() == 1

    def test_two_administrators_at_once(self, admin: Client) -> None:
        rows = [{"amount": "9", "unit": "days"}]
        stale = form(rows, adopt="1", reason="Mine.")
        adopt({"kind": "training", "amount": 1, "unit": "hours"})
        page = admin.post("/clocks/targets/change/decision/", stale)
        assert page.status_code == 409
        assert "Somebody else changed the targets" in page.content.decode()
        assert words(Kind.DECISION, 4) == "24 hours"

    def test_an_unknown_kind_is_no_page(self, admin: Client) -> None:
        assert admin.get("/clocks/targets/change/lunch/").status_code == 404

    def test_nothing_to_recalculate_says_so(self, admin: Client) -> None:
        assert "Every open clock counts by what holds now" in admin.get("/clocks/recalculate/").content.decode()
        assert admin.post("/clocks/recalculate/", {"reason": "Just so."}).url == "/clocks/targets/"
        assert not Recalculation.objects.exists()
