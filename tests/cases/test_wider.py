"""A wider account and the one below it: each holder is told what concerns them, and gets only their own link."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cases import lapses, putting_right
from cases.models import Decision
from tests import factories
from tests.factories import person
from tipstaff.accounts.models import Subject
from tipstaff.notices.models import Message, Notice
from tipstaff.time import moved_to, now

pytestmark = pytest.mark.usefixtures("people")


@pytest.fixture
def above() -> Subject:
    return factories.subject(kind="workspace", contact="above@customer.example")


@pytest.fixture
def decision(above: Subject) -> Decision:
    """A breach of somebody whose key is made anew each night: what limits is on the workspace."""
    case = factories.claimed(about=factories.subject(parent=above, contact="below@customer.example"))
    decision = factories.draft(
        case, severity=3, scope=above, scope_reason="New keys each night.", scope_typed=above.external_id
    )
    decision.propose(actor=person("reviewer"))
    if decision.needs_confirmer:
        decision.confirm(actor=person("adjudicator"))
    decision.issue(actor=person("senior"))
    return decision


def notice(decision: Decision, scope: str) -> Notice:
    return Notice.objects.filter(about=decision.reference, scope=scope).latest("given_at")


def mails(kind: str) -> dict[str, Message]:
    return {message.recipient: message for message in Message.objects.filter(kind=kind)}


def only_own(decision: Decision, kind: str) -> dict[str, Message]:
    """The mails of `kind`, to both; neither holds the key of the other."""
    sent = mails(kind)
    assert set(sent) == {"above@customer.example", "below@customer.example"}
    keys = {"above@customer.example": notice(decision, "wider"), "below@customer.example": notice(decision, "subject")}
    for recipient, mail in sent.items():
        for owner, page in keys.items():
            assert (page.token in mail.text) == (owner == recipient), (kind, recipient)
    return sent


def last_end(decision: Decision) -> Any:
    return max(one.ends_at for one in decision.sanctions.all() if one.ends_at)


def test_the_end_of_a_measure_is_told_to_both_each_with_their_own_link(decision: Decision) -> None:
    end = last_end(decision)
    for when, watch in ((end - timedelta(days=2), lapses.measures_ending), (end, lapses.measures_ended)):
        act = lapses.announce_end if watch is lapses.measures_ending else lapses.tell_end
        with moved_to(when):
            for sanction in watch(now()):
                act(sanction)
    only_own(decision, "measure_ends")
    assert "how you can put it right" not in mails("measure_ends")["above@customer.example"].text
    only_own(decision, "measure_ended")


def test_what_goes_on_above_is_not_denied_below(decision: Decision, above: Subject) -> None:
    other = factories.issued(case_columns={"about": above}, severity=3)
    assert last_end(other) > last_end(decision)
    with moved_to(last_end(decision)):
        for sanction in lapses.measures_ended(now()).filter(decision=decision):
            lapses.tell_end(sanction)
    assert "go on until their own end" in mails("measure_ended")["below@customer.example"].text


def test_the_wider_notice_opens_no_page_of_the_person_below(decision: Decision, client: Client) -> None:
    wide, own = notice(decision, "wider").token, notice(decision, "subject").token
    kind = decision.remediations.first().kind
    for path in ("/remedy/{}/", f"/remedy/{{}}/{kind}/", "/survey/{}/", "/appeal/{}/"):
        doors = [client.get(path.format(key)).status_code for key in (own, wide)]
        if doors[0] == 404:
            pytest.fail(path)
        assert doors == [200, 404], path
    page = client.get(f"/notice/{wide}/").text
    assert factories.REASONS not in page
    for gone in ("/remedy/", "/survey/", "/appeal/"):
        assert gone not in page


def test_the_link_of_what_puts_it_right_is_the_person_s_own(decision: Decision) -> None:
    for remediation in decision.remediations.all():
        assert notice(decision, "subject").token in putting_right.link(remediation)


def test_lifting_is_told_to_both(decision: Decision, above: Subject) -> None:
    decision.sanctions.filter(subject=above).first().lift(actor=person("head"), reason="The keys are pinned now.")
    assert set(mails("measure_lifted")) == {"above@customer.example", "below@customer.example"}


def test_a_reversal_tells_the_holder_of_the_wider_account(decision: Decision, client: Client) -> None:
    appeal = factories.taken_up(decision)
    appeal.reverse(actor=person("appeals"), reasons=factories.REASONS)
    told = mails("measure_wider_changed")
    assert set(told) == {"above@customer.example"}
    assert "below@customer.example" in mails("appeal_decided")
    assert notice(decision, "wider").token in told["above@customer.example"].text
    page = client.get(notice(decision, "wider").get_absolute_url()).text
    assert "limits this account any more" in page
    assert factories.REASONS not in page


def test_a_milder_one_says_what_still_applies(decision: Decision) -> None:
    milder = decision.milder_tiers[-1]
    decision.vary(actor=factories.SYSTEM, tier=milder, reason="Milder.")
    assert set(mails("measure_wider_changed")) == {"above@customer.example"}
    now_in_force = decision.sanctions.filter(subject=decision.scope, state="issued")
    words = str(notice(decision, "wider").sections)
    for sanction in now_in_force:
        assert sanction.get_kind_display() in words


def test_without_a_wider_account_nobody_else_hears() -> None:
    appeal = factories.taken_up()
    appeal.reverse(actor=person("appeals"), reasons=factories.REASONS)
    assert mails("measure_wider_changed") == {}
