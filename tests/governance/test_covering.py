"""Which waivers cover an account at an instant: up the tree of accounts, by the rule's code, and in a case."""

from datetime import timedelta

import pytest

from governance.models import Waiver
from tests import factories
from tests.factories import person, rule
from tipstaff.accounts.models import Subject
from tipstaff.time import moved_to, now
from tipstaff.workflow.refused import Refused

pytestmark = pytest.mark.usefixtures("people")


def family() -> tuple[Subject, Subject, Subject]:
    organisation = factories.subject(kind="organisation")
    workspace = factories.subject(kind="workspace", parent=organisation)
    return organisation, workspace, factories.subject(kind="end_user", parent=workspace)


class TestCovering:
    def test_the_account_itself_and_all_beneath_it_but_nobody_beside_or_above(self) -> None:
        organisation, workspace, user = family()
        sibling = factories.subject(kind="workspace", parent=organisation)
        waiver = factories.waiver(about=workspace)
        covered = {
            account: list(Waiver.objects.covering(account, rule("SP-03"), now()))
            for account in (organisation, workspace, user, sibling, factories.subject())
        }
        assert [account for account, found in covered.items() if found] == [workspace, user]
        assert covered[user] == [waiver]

    def test_only_the_rules_it_names(self) -> None:
        _organisation, workspace, user = family()
        factories.waiver(about=workspace)
        assert not Waiver.objects.covering(user, rule("SP-02"), now()).exists()

    def test_only_while_it_holds(self) -> None:
        account = factories.subject()
        before = now()
        waiver = factories.waiver(about=account)
        first = now()
        with moved_to(first + timedelta(days=5)):
            waiver.suspend(actor=person("chair"), reasons="Too many posts.")
        found = [
            Waiver.objects.covering(account, rule("SP-03"), at).exists()
            for at in (before, first, first + timedelta(days=4), first + timedelta(days=6))
        ]
        assert found == [False, True, True, False]

    def test_no_account_has_no_waiver(self) -> None:
        factories.waiver()
        assert not Waiver.objects.covering(None, rule("SP-03"), now()).exists()

    @pytest.mark.parametrize("state", ["submitted", "under_review", "voting", "refused", "withdrawn", "suspended"])
    def test_nothing_but_a_grant_covers(self, state: str) -> None:
        account = factories.subject()
        columns = {} if state in ("submitted", "withdrawn") else {"about": account}
        factories.waiver(state, **columns)
        assert not Waiver.objects.covering(account, rule("SP-03"), now()).exists()

    def test_it_is_one_query_however_deep_the_tree(self, django_assert_num_queries) -> None:
        _organisation, workspace, user = family()
        factories.waiver(about=workspace)
        wanted = rule("SP-03")
        with django_assert_num_queries(1):
            assert len(Waiver.objects.covering(user, wanted, now())) == 1


class TestInACase:
    def covered(self, **case_columns):
        organisation, _workspace, user = family()
        waiver = factories.waiver(about=organisation)
        with moved_to(now() + timedelta(days=2)):
            case = factories.claimed(about=user, **case_columns)
        return waiver, case

    def test_a_breach_is_refused_while_the_waiver_was_in_force(self) -> None:
        waiver, case = self.covered()
        with moved_to(now() + timedelta(days=2, minutes=5)):
            with pytest.raises(Refused, match=f"{waiver.ref} permits this; choose Exempt"):
                factories.draft(case).propose(actor=person("reviewer"))
            decision = factories.draft(case, outcome="exempt")
            decision.propose(actor=person("reviewer"))
        assert decision.state == "proposed"

    def test_an_act_outside_its_conditions_is_a_breach_that_somebody_confirms(self) -> None:
        _waiver, case = self.covered()
        with moved_to(now() + timedelta(days=2, minutes=5)):
            decision = factories.draft(case, outside_waiver="It was ten thousand posts, not two hundred.")
            decision.propose(actor=person("reviewer"))
            assert decision.needs_confirmer
            with pytest.raises(Refused, match="confirm"):
                decision.issue(actor=person("senior"))
            decision.confirm(actor=person("adjudicator"))
            decision.issue(actor=person("senior"))
        assert decision.state == "issued"

    def test_it_is_asked_again_before_the_decision_is_issued(self) -> None:
        organisation, _workspace, _user = family()
        alone = factories.subject()
        factories.waiver(about=organisation)
        with moved_to(now() + timedelta(days=2)):
            decision = factories.proposed(case_columns={"about": alone})
            alone.amend(actor=factories.SYSTEM, parent=organisation)
            again = type(decision).objects.get(pk=decision.pk)
            with pytest.raises(Refused, match="permits this"):
                again.issue(actor=person("senior"))

    def test_conduct_before_the_grant_is_a_breach_as_ever(self) -> None:
        account = factories.subject()
        factories.waiver(about=account)
        decision = factories.proposed(case_columns={"about": account})
        assert (decision.outside_waiver, decision.needs_confirmer) == ("", False)

    def test_the_pages_show_it(self, enter) -> None:
        waiver, case = self.covered()
        with moved_to(now() + timedelta(days=2, minutes=5)):
            report = factories.report(account=case.subject.external_id, rule=rule("SP-03"), received_at=now())
        desk = enter("reviewer")
        assert waiver.ref in desk.get(f"/desk/reports/{report.ref}/").content.decode()
        shown = desk.get(case.get_absolute_url()).content.decode()
        assert "Waivers in force at the conduct" in shown
        assert waiver.get_absolute_url() in shown
