"""One case in which all that can happen before a decision did happen: its page costs no more than any other."""

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases.models import Case, Conflict
from tests import factories
from tests.cases.test_claim import claimed_in
from tests.cases.test_console import BUDGET, SIGN_IN, talk
from tests.cases.test_hearing import answered, asked
from tests.cases.test_interim import imposed
from tests.cases.test_note import noted
from tests.cases.test_referral import told, withheld
from tests.factories import person
from tipstaff.time import moved_to, now


def everything() -> Case:
    """Four hundred turns, an earlier strike, an answer, notes, a claim, an interim measure, a checklist, a conflict, a
    notice to an authority and an order to keep silent, a hold, and a case beside it: in the hands of the reviewer.
    """
    about = factories.subject("loud-7", name="Loud & Sons")
    with moved_to(now() - timedelta(days=40)):
        factories.issued(case_columns={"about": about})
    case = talk(about=about, severity=3)
    answered(asked(case))
    case.refresh_from_db()
    case.claim(actor=person("reviewer"))
    factories.finding(case)
    noted(case)
    noted(about)
    claimed_in(case)
    imposed(case)
    factories.checked(case)
    Conflict(case=case, person=person("reviewer2"), reason="A cousin of mine.").declare(actor=person("reviewer2"))
    told(case)
    withheld(case)
    factories.hold(case)
    factories.case(code="VE-02", severity=4, about=about)
    return Case.objects.get(pk=case.pk)


def asked_by(browser, case: Case) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        page = browser.get(case.get_absolute_url())
    assert page.status_code == 200
    said = page.content.decode()
    for word in (
        "400 turns",
        "Loud &amp; Sons",
        "night shift",
        "District court",
        "How far one account",
        "duty manager",
    ):
        assert word in said, word
    return [one["sql"][:160] for one in captured.captured_queries]


def test_the_page_of_a_decided_case_asks_once_why_it_is_not_at_rest(enter) -> None:
    case = factories.issued().case
    browser = enter("lead")
    with CaptureQueriesContext(connection) as captured:
        page = browser.get(case.get_absolute_url()).content.decode()
    assert "It cannot be closed yet. No mail with the notice" in page
    asked = [one["sql"][:160] for one in captured.captured_queries]
    assert len(asked) <= BUDGET + SIGN_IN, asked
    assert len([sql for sql in asked if "notices_notice" in sql]) <= 1, asked


def test_the_page_of_a_case_with_everything_stays_within_the_budget_of_any_case(enter) -> None:
    case = everything()
    for mailbox in ("reviewer", "lead"):
        asked = asked_by(enter(mailbox), case)
        assert len(asked) <= BUDGET + SIGN_IN, asked
    assert "A cousin of mine." in enter("lead").get(case.get_absolute_url()).content.decode()
