"""Care for who looks at harm: a budget for each shift, groups that are not offered, a break without a reason."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.utils import ProgrammingError

from cases.models import Case
from cases.models.care import Exposure, OptOut, budget_spent, count_showing, points_of, sums
from tests import factories
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import Refused


def shown(mailbox: str, case: Case, times: int) -> None:
    for _time in range(times):
        count_showing(person(mailbox), case, "plain")


class TestBudget:
    def test_lifting_a_veil_counts_for_the_person_and_the_shift(self, enter, people: dict, settings) -> None:
        case = factories.claimed(severity=3)
        factories.evidence(case)
        desk = enter("reviewer")
        answer = desk.post(f"{case.get_absolute_url()}exhibits/1/show/", {"kind": "lines", "purpose": "review"})
        assert answer.status_code == 302
        assert points_of(people["reviewer"], now()) == 2
        assert points_of(people["reviewer2"], now()) == 0
        with moved_to(now() + timedelta(hours=settings.SHIFT_HOURS, minutes=1)):
            assert points_of(people["reviewer"], now()) == 0
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            Exposure.objects.all().delete()

    def test_once_it_is_spent_nothing_hard_is_offered_and_that_is_said_kindly(self, enter, people: dict) -> None:
        mild, hard = factories.case(severity=2), factories.case(severity=3)
        Case.objects.filter(pk=hard.pk).update(severity=4)
        hard.refresh_from_db()
        shown("reviewer", hard, 10)
        assert budget_spent(people["reviewer"], now())
        desk = enter("reviewer")
        assert b"You have seen enough for this shift" in desk.get("/desk/queue/").content
        assert desk.post("/desk/queue/next/").headers["Location"] == mild.get_absolute_url()
        assert b"nothing milder waits" in desk.post("/desk/queue/next/", follow=True).content
        assert Case.objects.claim_next(actor=people["reviewer2"]) == hard

    def test_a_lead_sees_sums_over_five_people_and_nobody_alone(self, enter, people: dict) -> None:
        case = factories.case()
        for mailbox in ("reviewer", "reviewer2", "lead", "adjudicator"):
            shown(mailbox, case, 1)
        assert sums(now()) == []
        assert b"Too few people" in enter("lead").get("/desk/care/").content
        shown("senior", case, 1)
        assert sums(now()) == [{"rule_group": "SP", "people": 5, "points": 30}]
        assert b"All reviewers together" in enter("lead").get("/desk/care/").content
        assert b"All reviewers together" not in enter("reviewer").get("/desk/care/").content


class TestOptOut:
    def test_it_is_honoured_private_and_leaves_no_trace(self, enter, people: dict) -> None:
        post, data = factories.case(severity=3), factories.case(code="DI-01", severity=3)
        events = Event.objects.count()
        desk = enter("reviewer")
        for _twice in range(2):
            assert desk.post("/desk/care/opt-out/", {"groups": ["SP", "nonsense"]}).status_code == 302
        assert not OptOut.objects.exists()
        assert desk.post("/desk/care/opt-out/", {"groups": ["SP"]}).status_code == 302
        assert Event.objects.count() == events
        assert Case.objects.claim_next(actor=people["reviewer"]) == data
        assert Case.objects.claim_next(actor=people["reviewer"]) is None
        assert Case.objects.claim_next(actor=people["lead"]) == post
        assert not enter("lead").get("/desk/care/").context["form"].initial["groups"]
        assert desk.get("/desk/care/").context["form"].initial["groups"] == ["SP"]
        desk.post("/desk/care/opt-out/", {})
        assert not OptOut.objects.exists()
        assert enter("adjudicator").post("/desk/care/opt-out/", {}).status_code == 403

    def test_a_colleague_does_not_get_round_it(self, enter, people: dict) -> None:
        case = factories.claimed()
        OptOut.objects.create(person=people["reviewer2"], rule_group=case.rule_group)
        with pytest.raises(Refused, match="cannot take this case now; choose another colleague"):
            case.pass_on(actor=people["reviewer"], to=people["reviewer2"], note="Have a look.")
        hard = factories.claimed(severity=3)
        Case.objects.filter(pk=hard.pk).update(severity=4)
        hard.refresh_from_db()
        shown("lead", hard, 10)
        with pytest.raises(Refused, match="cannot take this case now"):
            hard.pass_on(actor=people["reviewer"], to=people["lead"], note="Have a look.")

    def test_nor_does_a_case_that_was_fetched_before(self, people: dict) -> None:
        factories.case()
        fetched = Case.objects.fetch_ahead(actor=people["reviewer"])
        assert fetched is not None
        OptOut.objects.create(person=people["reviewer"], rule_group=fetched.rule_group)
        assert Case.objects.claim_next(actor=people["reviewer"]) is None


class TestBreak:
    def test_every_claim_is_given_back_and_nobody_asks(self, enter, people: dict) -> None:
        mine, other, theirs = factories.claimed(), factories.claimed(code="DI-01"), factories.claimed("reviewer2")
        desk = enter("reviewer")
        assert b"Take your time" in desk.post("/desk/care/break/", follow=True).content
        for case, holder in ((mine, None), (other, None), (theirs, people["reviewer2"])):
            case.refresh_from_db()
            assert case.claimant == holder
        assert desk.post("/desk/care/break/").status_code == 302
        assert enter("adjudicator").post("/desk/care/break/").status_code == 403
