"""The page that says how we enforce is made from configuration: what changes there changes on it."""

from datetime import timedelta

import pytest
from django.urls import reverse

from cases.models.hand import Hand
from oversight.enforcement import PARTS
from tests.aup.policies import enrolled, enrolled_signers, published_an_hour_ago, under_another_name
from tests.sla.many import many_clocks
from tests.sla.tables import adopt
from tipstaff.permissions import BUNDLES, Permission, Role
from tipstaff.sla.attainment import FEW, by_kind
from tipstaff.sla.models import Kind
from tipstaff.time import now


@pytest.fixture
def read(client, db):
    return lambda: " ".join(client.get(reverse("how_we_enforce")).content.decode().split())


def test_it_is_put_together_from_configuration(client, db, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        page = client.get(reverse("how_we_enforce")).content.decode()
    assert "1 hour to 5 working days" in page
    assert "Head of enforcement" in page
    assert set(PARTS) == set(Hand.Part) - {Hand.Part.STAYED_OUT}  # who stays out takes none
    parts = (
        "reporting, investigating, helping to judge before the decision, confirming, deciding, hearing the appeal, "
        "judging whether it was put right."
    )
    assert parts in page
    assert reverse("cases:report") in page
    assert reverse("how_we_enforce") in client.get(reverse("home")).content.decode()


def test_a_target_that_changes_changes_the_page(read, people):
    assert "14 days</td>" in read()
    adopt({"kind": "triage", "amount": 7, "unit": "hours"})
    page = read()
    assert page.count("7 hours</td>") == 4
    assert "1 hour to 5 working days" not in page


def test_what_the_law_makes_faster_is_said_apart(read, people):
    assert "goals hold instead:" in read()
    assert "A report is read and answered: 1 hour</li>" in read()
    adopt({"kind": "triage", "amount": 7, "unit": "hours"})
    assert "A report is read and answered: " not in read()


def test_a_setting_that_changes_changes_the_page(read, settings):
    settings.SELF_ISSUE_T1 = False
    assert "a warning too, is issued by somebody else" in read()
    settings.SELF_ISSUE_T1 = True
    assert "may be issued by the person who proposed it" in read()


def test_a_role_that_changes_changes_the_page(read, monkeypatch):
    row = 'Hears appeals</th><td data-label="By whom">'
    assert f"{row}Appeals reviewer</td>" in read()
    monkeypatch.setitem(BUNDLES, Role.COUNSEL, BUNDLES[Role.COUNSEL] | {Permission.APPEAL_DECIDE})
    assert f"{row}Counsel, Appeals reviewer</td>" in read()


def test_a_matrix_of_ones_own_is_the_one_that_is_told(read, tmp_path, monkeypatch, db):
    from aup import loading

    under_another_name(tmp_path)
    matrix = (tmp_path / "decision_matrix.yaml").read_text()
    assert "appeal_months: 6" in matrix
    matrix = matrix.replace("appeal_months: 6", "appeal_months: 9").replace("window_days: 180", "window_days: 200")
    (tmp_path / "decision_matrix.yaml").write_text(matrix)
    monkeypatch.setattr(loading, "DATA", tmp_path)
    published_an_hour_ago(enrolled("editor", "policy_editor"), enrolled_signers())
    page = read()
    assert "9 months at least" in page
    assert "Earlier breaches count for 200 days." in page


def test_how_often_a_goal_was_kept_is_said_of_enough_and_of_no_single_one(read, people):
    assert "Nothing has been finished yet" in read()
    many_clocks(FEW - 1, now() - timedelta(days=2), done=True)
    assert "too few to say" in read()
    many_clocks(40, now() - timedelta(days=3), done=True)
    share = by_kind(now())[Kind.DECISION].percent
    assert f"{share} %</td>" in read()
