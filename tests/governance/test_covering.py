"""Which waivers cover an account at an instant: up the tree of accounts, by the rule's code, and in a case."""

from datetime import timedelta

import pytest

from governance.models import Waiver
from tests import factories
from tests.factories import rule
from tipstaff.accounts.models import Subject
from tipstaff.time import moved_to, now

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
            waiver.suspend(actor=factories.person("chair"), reasons="Too many posts.")
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
