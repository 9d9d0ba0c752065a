"""`POST /api/v1/reports/`: a machine reports; a retry with the same Idempotency-Key is answered and not repeated."""

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client

from cases.models import Report
from cases.models.flagger import Flagger
from tests import factories
from tests.api.callers import Caller
from tipstaff.accounts.api import Pages
from tipstaff.accounts.models import IdempotentRequest
from tipstaff.ledger.models import Event
from tipstaff.time import moved_to, now

BODY = {
    "rule": "SP-03",
    "description": "Four hundred posts in one night.",
    "account": "acct_1",
    "links": ["https://forum.example/1"],
    "good_faith": True,
    "contact": "reporter@people.example",
}


@pytest.fixture
def caller(people: dict) -> Caller:
    return Caller()


class TestFile:
    def test_it_is_the_same_report_as_one_from_the_form(self, caller: Caller) -> None:
        answer = caller.post("/reports/", BODY)
        assert answer.status_code == 201
        report = Report.objects.get()
        assert (report.channel, report.token) == ("api", caller.token.pk)
        assert answer.json()["ref"] == report.ref
        assert Report.by_code(answer.json()["code"]) == report
        kinds = Event.objects.filter(stream=report.stream).order_by("seq").values_list("kind", flat=True)
        assert kinds[0] == "report.filed"
        assert Event.objects.get(stream=report.stream, kind="report.filed").told()["actor"]["kind"] == "token"

    def test_the_code_is_shown_this_once(self, caller: Caller) -> None:
        code = caller.post("/reports/", BODY).json()["code"]
        report = Report.objects.get()
        for address in ("/reports/", f"/reports/{report.ref}/"):
            assert code not in caller.get(address).text

    def test_a_machine_sees_its_own_reports_only(self, caller: Caller) -> None:
        other = Caller()
        ref = caller.post("/reports/", BODY).json()["ref"]
        assert [found["ref"] for found in caller.get("/reports/").json()["results"]] == [ref]
        assert other.get("/reports/").json()["results"] == []
        assert other.get(f"/reports/{ref}/").status_code == 404

    def test_a_list_comes_in_pages_newest_first(self, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Pages, "page_size", 2)
        refs = [caller.post("/reports/", BODY).json()["ref"] for _ in range(5)]
        page, seen = caller.get("/reports/").json(), []
        for _turn in range(3):
            assert len(page["results"]) <= 2
            seen += [found["ref"] for found in page["results"]]
            if page["next"]:
                page = caller.get(page["next"].partition("/api/v1")[2]).json()
        assert seen == refs[::-1]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("good_faith", False),
            ("description", ""),
            ("description", "   "),
            ("description", "x" * 10_001),
            ("rule", "ZZ-99"),
            ("links", ["javascript:alert(1)"]),
            ("links", ["https://a.example"] * 11),
            ("links", "https://a.example"),
            ("happened_on", "2999-01-01"),
            ("contact", "nobody"),
            ("description", "a\0b"),
        ],
    )
    def test_a_broken_field_is_named(self, caller: Caller, field: str, value: Any) -> None:
        answer = caller.post("/reports/", BODY | {field: value})
        assert answer.status_code == 400
        assert answer["Content-Type"] == "application/problem+json"
        assert set(answer.json()) == {"type", "title", "status", "detail", "errors"}
        assert set(answer.json()["errors"]) == {field}
        assert not Report.objects.exists()

    @pytest.mark.parametrize(("hour", "status"), [(9, 400), (10, 201)])
    def test_a_day_may_be_today_anywhere_on_earth(self, caller: Caller, hour: int, status: int) -> None:
        at = now().replace(hour=hour) + timedelta(days=1)  # at ten in UTC the next day begins at UTC+14
        tomorrow = (at + timedelta(days=1)).date()
        with moved_to(at):
            assert caller.post("/reports/", BODY | {"happened_on": tomorrow.isoformat()}).status_code == status
        assert all(filed.conduct_at == filed.received_at for filed in Report.objects.all())

    @pytest.mark.parametrize("field", ["ref", "state", "received_at", "case", "token", "channel", "reported_by"])
    def test_what_is_not_the_reporters_to_say_is_not_taken(self, caller: Caller, field: str) -> None:
        answer = caller.post("/reports/", BODY | {field: "closed"})
        assert answer.status_code == 201
        assert Report.objects.get().state == "received"

    def test_too_large_a_body_is_413(self, caller: Caller, settings: Any) -> None:
        answer = caller.post("/reports/", BODY | {"description": "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)})
        assert answer.status_code == 413
        assert not Report.objects.exists()


class TestIdempotencyKey:
    def test_a_repeat_gets_the_first_answer(self, caller: Caller) -> None:
        first, again = (caller.post("/reports/", BODY, Idempotency_Key="k-1") for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json()
        assert "Idempotent-Replayed" not in first
        assert again["Idempotent-Replayed"] == "true"
        assert Report.objects.count() == 1

    def test_even_when_the_text_stood_among_blanks(self, caller: Caller) -> None:
        body = BODY | {"description": "  Four hundred posts.\n\n"}
        first, again = (caller.post("/reports/", body, Idempotency_Key="k-1") for _ in range(2))
        assert first.json()["code"] == again.json()["code"]
        assert Report.by_code(again.json()["code"]) == Report.objects.get()

    def test_the_order_of_fields_does_not_make_another_body(self, caller: Caller) -> None:
        caller.post("/reports/", BODY, Idempotency_Key="k-1")
        turned = dict(reversed(BODY.items()))
        assert caller.post("/reports/", turned, Idempotency_Key="k-1").status_code == 201
        assert Report.objects.count() == 1

    def test_another_body_is_422(self, caller: Caller) -> None:
        caller.post("/reports/", BODY, Idempotency_Key="k-1")
        answer = caller.post("/reports/", BODY | {"description": "Another."}, Idempotency_Key="k-1")
        assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
        assert "used with another body" in answer.json()["detail"]
        assert Report.objects.count() == 1

    def test_another_machine_may_use_the_same_key(self, caller: Caller) -> None:
        caller.post("/reports/", BODY, Idempotency_Key="k-1")
        Caller().post("/reports/", BODY, Idempotency_Key="k-1")
        assert Report.objects.count() == 2

    def test_without_a_key_each_is_its_own(self, caller: Caller) -> None:
        for _ in range(2):
            caller.post("/reports/", BODY)
        assert Report.objects.count() == 2

    def test_a_refused_one_is_not_remembered(self, caller: Caller) -> None:
        assert caller.post("/reports/", BODY | {"rule": "ZZ-99"}, Idempotency_Key="k-1").status_code == 400
        assert not IdempotentRequest.objects.exists()
        assert caller.post("/reports/", BODY, Idempotency_Key="k-1").status_code == 201

    def test_a_key_over_the_limit_is_named(self, caller: Caller) -> None:
        assert caller.post("/reports/", BODY, Idempotency_Key="k" * 200).status_code == 201
        answer = caller.post("/reports/", BODY, Idempotency_Key="k" * 201)
        assert answer.status_code == 400
        assert "Idempotency-Key" in answer.json()["errors"]

    def test_it_is_forgotten_after_two_days_and_then_means_a_new_report(self, caller: Caller) -> None:
        caller.post("/reports/", BODY, Idempotency_Key="k-1")
        with moved_to(now() + timedelta(days=2, minutes=1)):
            assert caller.post("/reports/", BODY, Idempotency_Key="k-1").status_code == 201
        first, second = Report.objects.all()
        assert first.receipt_hash != second.receipt_hash

    def test_the_receipt_code_is_in_no_row(self, caller: Caller) -> None:
        code = caller.post("/reports/", BODY, Idempotency_Key="k-1").json()["code"]
        assert code not in str(IdempotentRequest.objects.values().get())
        assert code not in str(Report.objects.values().get())

    def test_twenty_at_once_are_one_report(self, clone: str) -> None:
        caller, key, ready = Caller(), str(uuid4()), threading.Barrier(20)
        answers: list[Any] = []
        trouble: list[BaseException] = []

        def post() -> None:
            try:
                ready.wait(20)
                answers.append(caller.post("/reports/", BODY, client=Client(), Idempotency_Key=key))
            except BaseException as error:
                trouble.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=post) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not trouble
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["code"] for answer in answers}) == 1
        assert sum("Idempotent-Replayed" in answer for answer in answers) == 19
        assert Report.objects.count() == 1
        assert Event.objects.filter(kind="report.filed").count() == 1


def test_a_machine_that_calls_too_often_is_told_when_to_come_back(caller: Caller, monkeypatch: Any) -> None:
    from django.core.cache import cache
    from rest_framework.throttling import UserRateThrottle

    cache.clear()
    monkeypatch.setattr(UserRateThrottle, "THROTTLE_RATES", {"user": "2/min"})
    codes = [caller.get("/reports/").status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    answer = caller.get("/reports/")
    assert answer["Content-Type"] == "application/problem+json"
    assert 0 < int(answer["Retry-After"]) <= 60
    assert Caller().get("/reports/").status_code == 200


class TestHowMany:
    """The limits of the form hold at this door too: per token and address, per reporter, per account."""

    @pytest.fixture(autouse=True)
    def fresh(self, db: None) -> None:
        from django.core.cache import cache

        cache.clear()

    @pytest.mark.parametrize(
        ("scope", "same", "sentence"),
        [
            ("report_contact", "contact", "many reports from this e-mail address"),
            ("report_account", "account", "many reports about this account"),
        ],
    )
    def test_of_one_reporter_and_about_one_account(
        self, caller: Caller, settings: Any, scope: str, same: str, sentence: str
    ) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {scope: "2/hour"}
        bodies = [
            BODY | {"contact": f"c{n}@people.example", "account": f"acct_{n}", same: BODY[same]} for n in range(3)
        ]
        assert [caller.post("/reports/", body).status_code for body in bodies[:2]] == [201, 201]
        answer = caller.post("/reports/", bodies[2])
        assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")
        assert set(answer.json()) == {"type", "title", "status", "detail"}
        assert sentence in answer.json()["detail"]
        assert 0 < int(answer["Retry-After"]) <= 3660
        assert Report.objects.count() == 2
        assert caller.post("/reports/", bodies[2] | {same: "other@people.example"}).status_code == 201

    def test_the_form_and_the_api_count_together(self, caller: Caller, client: Client, settings: Any) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"report_contact": "1/hour"}
        assert caller.post("/reports/", BODY).status_code == 201
        typed = {"submission": str(uuid4()), "description": "Posts.", "good_faith": "on", "contact": BODY["contact"]}
        page = client.post("/report/", typed)
        assert page.status_code == 429
        assert int(page["Retry-After"]) > 0

    def test_of_one_token_wherever_it_calls_from(self, caller: Caller, settings: Any) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"report_machine": "2/min"}
        body = {"description": "Posts.", "good_faith": True}
        answers = [
            caller.post("/reports/", body, client=Client(REMOTE_ADDR=f"192.0.2.{n}")).status_code for n in range(3)
        ]
        assert answers == [201, 201, 429]
        assert Caller().post("/reports/", body).status_code == 201

    def test_of_one_address_whichever_token_it_brings(self, people: dict, settings: Any) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"report_machine": "2/min"}
        body = {"description": "Posts.", "good_faith": True}
        answers = [Caller().post("/reports/", body) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201, 201, 429]
        assert "from one address" in answers[-1].json()["detail"]

    def test_an_import_repeats_its_keys_and_each_report_counts_once(self, caller: Caller, settings: Any) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"report_contact": "3/hour"}
        for _again in range(3):
            for n in range(3):
                answer = caller.post("/reports/", BODY, Idempotency_Key=f"row-{n}")
                assert answer.status_code == 201
        assert Report.objects.count() == 3
        assert caller.post("/reports/", BODY, Idempotency_Key="row-3").status_code == 429
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"report_contact": "9/hour"}
        late = caller.post("/reports/", BODY, Idempotency_Key="row-3")
        assert (late.status_code, "Idempotent-Replayed" in late) == (201, False)

    def test_grave_harm_and_trusted_flaggers_are_always_heard(self, caller: Caller, settings: Any) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {"report_contact": "1/hour", "report_machine": "1/hour"}
        grave = next(rule.code for rule in factories.rule().version.rules.all() if rule.severity == 4)
        assert [caller.post("/reports/", BODY | {"rule": grave}).status_code for _ in range(3)] == [201] * 3
        assert [caller.post("/reports/", BODY).status_code for _ in range(2)] == [201, 429]
        lead = factories.person("lead")
        flagger = Flagger(
            name="Hotline", contact="hot@line.example", reason="Named.", token=caller.token,
            granted_by=lead, ends_at=now() + timedelta(days=9),
        )  # fmt: skip
        flagger.grant(actor=lead)
        assert [caller.post("/reports/", BODY).status_code for _ in range(3)] == [201] * 3
