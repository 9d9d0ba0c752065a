"""Which version, and which rule, binds at an instant. Computed from stored times: no job makes it so."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from aup.models import PolicyVersion, Rule
from tests.aup.policies import approved, next_version
from tipstaff.time import moved_to, now

DAY = timedelta(days=1)
LONG_AGO = datetime(1999, 1, 1, tzinfo=UTC)


@pytest.fixture
def second(published, editor, signers):
    """A later version, in force from a week from now."""
    version = approved(next_version(published, editor), editor, signers)
    version.publish(actor=editor)
    return version


def test_nothing_before_the_first(draft):
    assert PolicyVersion.objects.in_force(LONG_AGO) is None
    assert Rule.objects.cited("LW-01", LONG_AGO) is None


def test_nothing_from_a_draft(draft):
    assert not draft.is_in_force(now())
    cited = Rule.objects.cited("LW-01", now())
    assert cited is None or cited.version != draft


def test_the_latest_that_has_taken_effect(published, second):
    start = published.effective_from
    assert PolicyVersion.objects.in_force(start - timedelta(microseconds=1)) != published
    assert PolicyVersion.objects.in_force(start) == published
    assert PolicyVersion.objects.in_force(second.effective_from - timedelta(microseconds=1)) == published
    assert PolicyVersion.objects.in_force(second.effective_from) == second
    assert published.is_in_force(now())
    assert not published.superseded
    with moved_to(second.effective_from):
        assert published.superseded
        assert not second.superseded
        assert not published.is_in_force(now())


def test_status_in_words(published, second):
    assert [version.status(published) for version in (published, second)] == ["In force", "Published, in force later"]
    with moved_to(second.effective_from):
        assert published.status(second) == "Superseded"


def test_withdrawing_brings_the_earlier_one_back(published, second, editor):
    second.withdraw(actor=editor, reason="A rule was wrong.")
    assert PolicyVersion.objects.in_force(now() + 30 * DAY) == published


def test_a_rule_is_cited_as_it_stood(published, second):
    assert Rule.objects.cited("LW-01", now()).version == published
    assert Rule.objects.cited(" lw-01 ", second.effective_from).version == second
    assert Rule.objects.cited("LW-99", now()) is None


def test_a_rule_that_is_switched_off_is_not_in_force(published):
    assert Rule.objects.cited("JX-01", now()) is None
    assert Rule.objects.in_force(now()).count() == 106


def test_one_query_into_the_partial_index(published, django_assert_num_queries):
    with django_assert_num_queries(1):
        PolicyVersion.objects.in_force(now())
    with django_assert_num_queries(1):
        rule = Rule.objects.cited("CH-01", now())
        assert rule.reference
        assert rule.group.code == "CH"
        assert rule.version.number
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "policy_version_one_in_force" in PolicyVersion.objects.latest_by(now()).explain()
