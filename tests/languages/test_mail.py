"""Whoever is written to is written to in their own language, whatever those who press the buttons speak."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import ngettext

from tests import factories
from tipstaff.ledger.models import Event
from tipstaff.notices.models import Message, Notice

pytestmark = pytest.mark.usefixtures("people")

ARABIC = re.compile(r"[\u0600-\u06ff]")
# What stays as it is in any language: addresses, references, our names, the zone, a rule's code.
FOREIGN = re.compile(r"https?://\S+|\b[A-Z]{1,2}-[0-9A-Z]+\b|Example AI|Tipstaff|UTC|acct_\w+")
REASONS = "أعدنا النظر في ملفكم كله، ولم نجد ما يدل على أن القاعدة خولفت كما قيل في القرار."


def english_in(text: str) -> list[str]:
    return re.findall(r"[A-Za-z]{3,}", FOREIGN.sub("", text))


def mail(kind: str, **about: Any) -> Message:
    return Message.objects.filter(kind=kind, **about).latest("queued_at")


def ask(report: Any) -> None:
    report.ask(actor=factories.person("lead"), question="أي حساب كان ذلك؟")


def decline(report: Any) -> None:
    report.decline(actor=factories.person("lead"), reason="not_a_breach", note="لم نجد ما يكفي.")


@pytest.mark.parametrize(
    ("kind", "act"),
    [("report_received", lambda report: None), ("report_question", ask), ("report_declined", decline)],
)
def test_a_reporter_reads_arabic_alone(kind: str, act: Callable) -> None:
    act(factories.report(language="ar"))
    message = mail(kind)
    assert message.language == "ar"
    assert english_in(message.subject + message.text) == []
    assert "/follow/?lang=ar\n" in message.text
    assert all(link.endswith("?lang=ar") for link in re.findall(r"https?://\S+", message.text))


@pytest.fixture
def decided() -> Any:
    """A decision about an account that speaks Arabic, reported in French, by people whose pages are Spanish."""
    with translation.override("es"):
        account = factories.subject(language="ar", name="متجر النور")
        return factories.issued(case_columns={"about": account, "language": "fr"}, reasons=REASONS)


def test_each_is_told_in_their_own_language(decided: Any) -> None:
    told = mail("decision_issued", about=decided.reference)
    assert told.language == "ar"
    assert english_in(told.subject + told.text) == []
    assert "خلال 6 أشهر" in told.text
    answered = mail("report_answered")
    assert answered.language == "fr"
    assert answered.subject.startswith("Votre signalement R-")
    assert answered.text.rstrip().endswith("/follow/?lang=fr")


def test_the_notice_is_written_in_the_language_of_the_account(decided: Any, client: Client) -> None:
    notice = Notice.objects.get(about=decided.reference)
    assert notice.language == "ar"
    assert english_in(notice.heading + notice.action_label) == []
    for section in notice.sections:
        theirs = "" if section.get("language") else "".join(section.get("paragraphs", []))
        values = "".join(label + text for label, text in section.get("facts", []) if decided.rule.title not in text)
        assert english_in(section["heading"] + theirs + values) == [], section
    assert any(
        "مهلة" in text or "أشهر" in text for section in notice.sections for text in section.get("paragraphs", [])
    )
    page = client.get(notice.get_absolute_url())
    assert '<section class="stack tight" lang="ar" dir="rtl">' in page.text
    assert f'<p lang="en" dir="auto">{decided.rule.statement[:20]}' in page.text


def test_dates_of_a_notice_follow_its_language(decided: Any) -> None:
    month = Notice.objects.get(about=decided.reference).sections[1]["facts"][2][1]
    assert ARABIC.search(month)
    with translation.override("en"):
        spanish = factories.issued(case_columns={"about": factories.subject(language="es")})
    facts = Notice.objects.get(about=spanish.reference).sections[1]["facts"]
    assert re.fullmatch(r"\d+ de \w+ de \d{4}", facts[2][1])


def test_an_appeal_is_answered_in_the_language_it_was_written_in(decided: Any, client: Client) -> None:
    notice = Notice.objects.get(about=decided.reference)
    client.post(
        f"/appeal/{notice.token}/", {"ground": "context", "text": "كان ذلك لوح تجارب.", "contact": "a@b.example"}
    )
    appeal = decided.appeals.get()
    assert mail("appeal_received").language == appeal.language == "ar"
    assert english_in(mail("appeal_received").text) == []
    with translation.override("fr"):
        appeal.take_up(actor=factories.person("appeals"))
        appeal.reverse(actor=factories.person("appeals"), reasons=REASONS)
    assert english_in(mail("appeal_decided").subject + mail("appeal_decided").text) == []
    answer = Notice.objects.get(about=appeal.reference)
    assert answer.language == "ar"
    assert english_in(answer.heading + json.dumps(answer.sections, ensure_ascii=False).replace('"heading"', "")
                      .replace('"paragraphs"', "").replace('"facts"', "")) == []  # fmt: skip
    assert mail("report_reversed").language == "fr"


def test_a_language_that_we_do_not_speak_gets_english() -> None:
    factories.report(language="tlh")
    message = mail("report_received")
    assert message.language == "en"
    assert message.subject.startswith("We have your report")


def test_history_is_written_without_the_language_of_whoever_acts() -> None:
    with translation.override("ar"):
        appeal = factories.taken_up()
        appeal.reverse(actor=factories.person("appeals"), reasons="The board is yours alone. " * 4)
    events = [e for e in Event.objects.filter(stream=appeal.stream) if not e.kind.startswith(("message.", "notice."))]
    assert len(events) > 15
    for event in events:
        assert not ARABIC.search(json.dumps(event.told(), ensure_ascii=False, default=str)), event.kind
    assert appeal.decision.sanctions.first().ended_reason == f"{appeal.ref}: reversed on appeal"


@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "شهر واحد"), (2, "شهرين"), (6, "6 أشهر"), (12, "12 شهرًا"), (100, "100 شهر")],
)
def test_arabic_counts_in_six_forms(count: int, words: str) -> None:
    with translation.override("ar"):
        told = ngettext(
            "You can appeal within %(months)s month of the day this notice reached you. It is free and needs no "
            "account. Someone who had no part in the decision will read your appeal.",
            "You can appeal within %(months)s months of the day this notice reached you. It is free and needs no "
            "account. Someone who had no part in the decision will read your appeal.",
            count,
        ) % {"months": count}
    assert f"خلال {words} من" in told
