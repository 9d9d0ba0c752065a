"""Beside the proposal: the nearest earlier decisions, and the notice exactly as it would be given."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case, Decision
from cases.nearest import nearest
from tests import factories
from tests.factories import person
from tipstaff.notices.models import Notice
from tipstaff.time import moved_to, now


def typed(**columns: Any) -> dict[str, Any]:
    return {
        "outcome": "breach", "rule": "SP-03", "conduct_at": now().strftime("%Y-%m-%dT%H:%M"), "intent": "negligent",
        "sensitivity": "personal", "severity": "2", "detection": "none", "reasons": factories.REASONS, "act": "preview",
    } | columns  # fmt: skip


@pytest.fixture
def case(people: dict) -> Case:
    return factories.claimed()


class TestNearest:
    def test_the_same_rule_first_then_the_likest(self, case: Case) -> None:
        likest = factories.issued(
            reasons="Four hundred adverts from forty accounts in one night, and nobody asked for them."
        )
        other = factories.issued(
            reasons="A single message to a friend that was taken back at once, and an apology besides."
        )
        same = factories.issued(case_columns={"code": "SP-01"})
        factories.finding(case, facts="Four hundred adverts from forty accounts in one night.")
        found = nearest(case, case.rule)
        assert [one.pk for one in found.decisions] == [likest.pk, other.pk, same.pk]
        assert sum(count for _name, count in found.spread) == 3

    def test_not_what_fell_nor_its_own(self, case: Case) -> None:
        fallen = factories.taken_up()
        fallen.reverse(actor=person("appeals"), reasons=factories.REASONS)
        assert nearest(case, case.rule).decisions == []

    def test_five_at_most_in_few_queries(self, case: Case, django_assert_num_queries: Any) -> None:
        for _turn in range(6):
            factories.issued()
        with django_assert_num_queries(6):  # findings, group, rules, newest, alike, nearest
            assert len(nearest(case, case.rule).decisions) == 5

    def test_an_old_one_is_found_by_its_words(self, case: Case) -> None:
        with moved_to(now() - timedelta(days=400)):
            old = factories.issued(reasons=factories.REASONS.replace("posts", "quarterly-mortgage adverts"))
        factories.finding(case, facts="Quarterly-mortgage adverts again.")
        assert nearest(case, case.rule).decisions == [old]

    def test_what_is_compared_comes_from_indexes(self, case: Case) -> None:
        factories.issued()
        factories.finding(case, facts="Scheduled through automation.")
        with CaptureQueriesContext(connection) as captured:
            nearest(case, case.rule)
        asked = [
            one["sql"] for one in captured.captured_queries if "issued_at" in one["sql"] or "tsquery" in one["sql"]
        ]
        with connection.cursor() as cursor:
            # a table of one row is read whole otherwise
            for way in ("seqscan", "bitmapscan", "sort"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
            cursor.execute(f"EXPLAIN {asked[0]}")
            assert "decision_newest_of_rule" in str(cursor.fetchall())
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'decision_by_words'")
            assert "to_tsvector('simple'::regconfig, COALESCE(reasons, ''::text))" in cursor.fetchone()[0]
        assert "to_tsvector('simple'::regconfig, COALESCE(" in asked[1]

    def test_stands_with_the_advice(self, enter: Any, case: Case) -> None:
        earlier = factories.issued()
        answer = enter("reviewer").post(f"/desk/cases/{case.ref}/advice/", typed())
        assert earlier.ref in answer.text
        assert "T3 × 1" in answer.text


class TestPreview:
    def shown(self, browser: Any, case: Case, **columns: Any) -> Any:
        return browser.post(f"/desk/cases/{case.ref}/propose/", typed(**columns))

    def test_is_what_will_be_given(self, enter: Any, case: Case) -> None:
        answer = self.shown(enter("reviewer"), case)
        assert answer.status_code == 200
        assert not Decision.objects.filter(case=case).exists()
        before = answer.context["preview"]
        decision = factories.draft(case)
        decision.propose(actor=person("reviewer"))
        decision.issue(actor=person("senior"))
        notice = Notice.objects.get(about=decision.reference)
        assert [part["heading"] for part in notice.sections] == [part["heading"] for part in before["sections"]]
        assert notice.heading == before["heading"]
        assert "What the rule would have allowed" in [part["heading"] for part in notice.sections]

    def test_in_the_language_of_the_account_holder(self, enter: Any, people: dict) -> None:
        case = factories.claimed(about=factories.subject(language="ar"))
        answer = self.shown(enter("reviewer"), case)
        assert 'lang="ar" dir="rtl"' in answer.text
        assert answer.context["preview"]["language"] == "ar"

    def test_says_what_is_missing_and_keeps_what_was_typed(self, enter: Any, case: Case) -> None:
        answer = self.shown(enter("reviewer"), case, intent="", reasons="ا" * 5000)
        assert "The notice needs" in answer.text
        assert "ا" * 5000 in answer.text

    def test_without_a_breach(self, enter: Any, case: Case) -> None:
        assert "no measure" in self.shown(enter("reviewer"), case, outcome="no_breach").context["preview"]["heading"]
