"""What the gateway says of a measure, as staff see it: beside the measure, in a list of what is left, and by mail."""

from datetime import timedelta
from typing import Any

import pytest

from cases.models import Sanction
from tests import factories
from tests.factories import person
from tipstaff.accounts.models import Token
from tipstaff.notices.models import Message
from tipstaff.permissions import Permission
from tipstaff.time import moved_to, now


@pytest.fixture
def gateway(people: dict) -> Token:
    token, _secret = Token.draw(
        name="Edge gateway", scopes=[str(Permission.SANCTION_ACKNOWLEDGE)], granted_by=person("admin"), days=30
    )
    token.grant(actor=person("admin"))
    return token


@pytest.fixture
def limit(people: dict) -> Sanction:
    return factories.issued().sanctions.get(kind="rate_limit")


class TestBesideTheMeasure:
    def pages(self, enter: Any, sanction: Sanction) -> list[str]:
        browser = enter("lead")
        return [browser.get(f"/desk/cases/{sanction.case.ref}/").text, browser.get(sanction.decision.page_url).text]

    def test_not_confirmed_yet(self, enter: Any, limit: Sanction) -> None:
        for text in self.pages(enter, limit):
            assert text.count("has not confirmed yet that it is applied") == 1  # the warning needs no gateway

    def test_applied_and_by_whom(self, enter: Any, limit: Sanction, gateway: Token) -> None:
        limit.acknowledge(actor=gateway, effect="applied")
        for text in self.pages(enter, limit):
            assert "Applied by <bdi>Edge gateway</bdi>" in text

    def test_failed_and_why(self, enter: Any, limit: Sanction, gateway: Token) -> None:
        limit.acknowledge(actor=gateway, effect="failed", detail="<b>No answer</b> from ا")
        for text in self.pages(enter, limit):
            assert "Not applied" in text
            assert "<bdi>&lt;b&gt;No answer&lt;/b&gt; from ا</bdi>" in text

    def test_over_and_not_confirmed(self, enter: Any, limit: Sanction, gateway: Token) -> None:
        limit.acknowledge(actor=gateway, effect="applied")
        limit.lift(actor=person("senior"), reason="It was agreed after all.")
        for text in self.pages(enter, limit):
            assert "has not confirmed yet that it has ended" in text
        limit.acknowledge(actor=gateway, effect="ended")
        for text in self.pages(enter, limit):
            assert "End carried out by <bdi>Edge gateway</bdi>" in text

    def test_in_the_history(self, enter: Any, limit: Sanction, gateway: Token) -> None:
        limit.acknowledge(actor=gateway, effect="applied")
        trail = enter("lead").get(f"/desk/cases/{limit.case.ref}/trail/").text
        assert "said what became of a measure" in trail


class TestList:
    def test_what_is_left_the_oldest_first(self, enter: Any, gateway: Token) -> None:
        first, second, third = (factories.issued().sanctions.get(kind="rate_limit") for _ in range(3))
        first.acknowledge(actor=gateway, effect="applied")
        third.acknowledge(actor=gateway, effect="failed")
        browser = enter("lead")
        left = browser.get("/desk/sanctions/")
        assert [row.ref for row in left.context["sanctions"]] == [second.ref, third.ref]
        shown = {word: browser.get(f"/desk/sanctions/?word={word}").context["sanctions"] for word in WORDS}
        assert [[row.ref for row in rows] for rows in shown.values()] == [[second.ref], [third.ref], [first.ref]]

    def test_nothing_left_is_said_kindly(self, enter: Any, gateway: Token) -> None:
        assert "Nothing is left to do at the gateway" in enter("lead").get("/desk/sanctions/").text

    def test_without_a_gateway_it_says_so(self, enter: Any, limit: Sanction) -> None:
        assert "No gateway reports here." in enter("lead").get("/desk/sanctions/").text

    def test_a_word_that_is_none_shows_what_is_left(self, enter: Any, limit: Sanction) -> None:
        page = enter("lead").get("/desk/sanctions/?word=nonsense")
        assert [row.ref for row in page.context["sanctions"]] == [limit.ref]

    def test_it_costs_the_same_for_one_and_for_many(
        self, enter: Any, gateway: Token, django_assert_num_queries
    ) -> None:
        browser = enter("lead")
        for many in (1, 2):
            for _turn in range(many):
                factories.issued().sanctions.get(kind="rate_limit").acknowledge(actor=gateway, effect="failed")
            with django_assert_num_queries(4):  # session, person; measures, whether a gateway is there
                browser.get("/desk/sanctions/")

    def test_a_long_list_is_cut(self, enter: Any, limit: Sanction, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("cases.views.measures.PAGE", 1)
        factories.issued()
        page = enter("lead").get("/desk/sanctions/")
        assert len(page.context["sanctions"]) == 1
        assert "more come up as these are settled" in page.text


WORDS = ("awaited", "failed", "confirmed")


class TestAlarm:
    def mails(self) -> list[Message]:
        return list(Message.objects.filter(kind="measure_failed").order_by("id"))

    def test_those_who_answer_for_enforcement_are_told(self, limit: Sanction, gateway: Token) -> None:
        limit.acknowledge(actor=gateway, effect="failed", detail="The key service did not answer.")
        mails = self.mails()
        assert [mail.recipient for mail in mails] == ["head@demo.example", "lead@demo.example"]
        assert mails[0].subject == f"{limit.ref} was not applied: Rate limit"
        assert "Edge gateway says that it could not apply" in mails[0].text
        assert "The key service did not answer." in mails[0].text
        assert f"/desk/cases/{limit.case.ref}/" in mails[0].text

    def test_once_until_it_is_mended(self, limit: Sanction, gateway: Token) -> None:
        limit.acknowledge(actor=gateway, effect="failed", detail="No answer.")
        limit.acknowledge(actor=gateway, effect="failed", detail="Still none.")
        assert len(self.mails()) == 2
        limit.acknowledge(actor=gateway, effect="applied")
        limit.acknowledge(actor=gateway, effect="failed", detail="Lost again.")
        assert len(self.mails()) == 4

    def test_a_failure_to_end_is_another(self, limit: Sanction, gateway: Token) -> None:
        limit.acknowledge(actor=gateway, effect="failed")
        with moved_to(now() + timedelta(days=15)):
            limit.acknowledge(actor=gateway, effect="failed")
        assert self.mails()[-1].subject == f"{limit.ref} was not ended: Rate limit"
        assert len(self.mails()) == 4

    def test_the_home_page_counts_failures(self, enter: Any, limit: Sanction, gateway: Token) -> None:
        def tile() -> Any:
            return next(t for t in enter("lead").get("/").context["tiles"] if "gateway" in t.label)

        assert (tile().count, tile().tone) == (0, "ok")
        limit.acknowledge(actor=gateway, effect="failed")
        assert (tile().count, tile().tone, tile().url) == (1, "late", "/desk/sanctions/")
