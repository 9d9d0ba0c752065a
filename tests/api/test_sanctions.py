"""`/api/v1/sanctions/`: what a gateway enforces, and its word that it did. It decides nothing."""

import itertools
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.db import IntegrityError, transaction

from cases.models import Sanction
from cases.models.effect import AT_THE_GATEWAY, PASSING, Confirmation, Effect
from tests import factories
from tests.api.callers import Caller
from tests.factories import person
from tipstaff.ledger.models import Event
from tipstaff.time import moved_to, now


def limit(**columns: Any) -> Sanction:
    """A rate limit of 14 days, imposed by a decision of the third tier."""
    return factories.issued(**columns).sanctions.get(kind="rate_limit")


@pytest.fixture
def gateway(people: dict) -> Caller:
    return Caller(["sanction:acknowledge"])


def say(gateway: Caller, sanction: Sanction, effect: str, detail: str = "") -> Any:
    return gateway.post(f"/sanctions/{sanction.ref}/acknowledge/", {"effect": effect, "detail": detail})


class TestRead:
    def test_one_is_told(self, gateway: Caller) -> None:
        sanction = limit(case_columns={"about": factories.subject("acct_1")})
        told = gateway.get(f"/sanctions/{sanction.ref}/").json()
        assert told == {
            "ref": sanction.ref,
            "kind": "rate_limit",
            "effect": "in_force",
            "subject": "acct_1",
            "case": sanction.case.ref,
            "decision": sanction.decision.ref,
            "interim": False,
            "rule": {"code": "SP-03", "version": sanction.decision.rule.version.number},
            "terms": {"quota_percent": 25},
            "starts_at": told["starts_at"],
            "ends_at": told["ends_at"],
            "ended_at": None,
            "confirmation": "awaited",
            "acknowledged": None,
            "available": [
                {
                    "operation": "acknowledge",
                    "method": "POST",
                    "url": f"http://testserver/api/v1/sanctions/{sanction.ref}/acknowledge/",
                }
            ],
        }

    def test_what_is_in_force_on_an_account_now(self, gateway: Caller) -> None:
        account = factories.subject("acct_1")
        mine = limit(case_columns={"about": account})
        limit()
        asked = "/sanctions/?in_force=true&subject=acct_1&kind=rate_limit"
        assert gateway.refs(asked) == [mine.ref]
        with moved_to(now() + timedelta(days=14, minutes=1)):
            assert gateway.refs(asked) == []
            assert gateway.refs("/sanctions/?in_force=false&subject=acct_1&kind=rate_limit") == [mine.ref]
            assert gateway.refs("/sanctions/?effect=expired&subject=acct_1") == [mine.ref]
            assert gateway.get(f"/sanctions/{mine.ref}/").json()["effect"] == "expired"

    def test_a_warning_is_given_and_never_in_force(self, gateway: Caller) -> None:
        warning = factories.issued().sanctions.get(kind="warning")
        told = gateway.get(f"/sanctions/{warning.ref}/").json()
        assert (told["effect"], told["confirmation"], told["available"]) == ("given", "not_needed", [])
        assert warning.ref not in gateway.refs("/sanctions/?in_force=true")
        assert gateway.refs("/sanctions/?effect=given") == [warning.ref]

    def test_a_lifted_one(self, gateway: Caller) -> None:
        sanction = limit()
        sanction.lift(actor=person("senior"), reason="The forum agreed to it after all.")
        told = gateway.get(f"/sanctions/{sanction.ref}/")
        assert (told.json()["effect"], told.json()["confirmation"]) == ("lifted", "awaited")
        assert "agreed" not in told.text

    def test_a_list_is_narrowed(self, gateway: Caller) -> None:
        one = limit()
        other = limit()
        assert gateway.refs("/sanctions/?kind=rate_limit") == [other.ref, one.ref]
        assert gateway.refs(f"/sanctions/?kind=rate_limit&case={one.case.ref}") == [one.ref]
        assert gateway.refs(f"/sanctions/?kind=rate_limit&decision={other.decision.ref}") == [other.ref]
        assert gateway.refs("/sanctions/?kind=rate_limit&rule=SP-03&effect=in_force&effect=expired") == [
            other.ref,
            one.ref,
        ]
        assert gateway.refs(f"/sanctions/?since={quote((now() + timedelta(hours=1)).isoformat())}") == []

    def test_a_list_costs_the_same_for_one_and_for_many(self, gateway: Caller) -> None:
        for many in (1, 2):
            for _turn in range(many):
                limit()
            assert len(gateway.queries("/sanctions/")) == 2  # the token; sanctions
        assert len(gateway.refs("/sanctions/")) == 9

    def test_who_sees_cases_sees_them_and_may_say_nothing(self, people: dict) -> None:
        sanction, reader = limit(), Caller(["case:view"])
        assert reader.get(f"/sanctions/{sanction.ref}/").json()["available"] == []
        assert say(reader, sanction, "applied").status_code == 403
        assert Caller(["report:view", "appeal:view"]).get("/sanctions/").status_code == 403


class TestAcknowledge:
    def test_it_was_applied(self, gateway: Caller) -> None:
        sanction = limit()
        answer = say(gateway, sanction, "applied", "Keys disabled.")
        assert answer.status_code == 200
        told = answer.json()
        assert (told["confirmation"], told["effect"]) == ("confirmed", "in_force")
        assert (told["acknowledged"]["effect"], told["acknowledged"]["detail"]) == ("applied", "Keys disabled.")
        sanction.refresh_from_db()
        assert (sanction.acknowledged_by, sanction.state) == (gateway.token, "issued")
        event = Event.objects.get(stream=sanction.stream, kind="sanction.acknowledged").told()
        assert event["actor"] == {"kind": "token", "ref": gateway.token.reference}
        assert event["facts.effect"] == "applied"

    def test_its_end_is_confirmed_on_its_own(self, gateway: Caller) -> None:
        sanction = limit()
        say(gateway, sanction, "applied")
        todo = "/sanctions/?confirmation=awaited&confirmation=failed"
        assert gateway.refs(todo) == []
        with moved_to(now() + timedelta(days=15)):
            assert gateway.refs(todo) == [sanction.ref]
            assert say(gateway, sanction, "ended").json()["confirmation"] == "confirmed"
            assert gateway.refs(todo) == []

    def test_restoring_after_a_reversal_is_confirmed(self, gateway: Caller) -> None:
        appeal = factories.taken_up()
        sanction = appeal.decision.sanctions.get(kind="rate_limit")
        say(gateway, sanction, "applied")
        appeal.reverse(actor=person("appeals"), reasons=factories.REASONS)
        assert gateway.get(f"/sanctions/{sanction.ref}/").json()["confirmation"] == "awaited"
        assert say(gateway, sanction, "ended").json()["effect"] == "revoked"

    def test_a_failure_stays_on_the_list_until_it_is_mended(self, gateway: Caller) -> None:
        sanction = limit()
        assert say(gateway, sanction, "failed", "No answer.").json()["confirmation"] == "failed"
        assert gateway.refs("/sanctions/?confirmation=failed") == [sanction.ref]
        assert say(gateway, sanction, "applied").json()["confirmation"] == "confirmed"

    def test_a_failure_to_apply_is_no_failure_to_end(self, gateway: Caller) -> None:
        sanction = limit()
        say(gateway, sanction, "failed", "No answer.")
        with moved_to(now() + timedelta(days=15)):
            assert gateway.get(f"/sanctions/{sanction.ref}/").json()["confirmation"] == "awaited"
            assert say(gateway, sanction, "failed", "No answer.").json()["confirmation"] == "failed"

    @pytest.mark.parametrize(("days", "effect", "sentence"), [(0, "ended", "is in force"), (15, "applied", "is over")])
    def test_what_cannot_be_is_refused(self, gateway: Caller, days: int, effect: str, sentence: str) -> None:
        sanction = limit()
        with moved_to(now() + timedelta(days=days)):
            answer = say(gateway, sanction, effect)
        assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
        assert sentence in answer.json()["detail"]
        assert not Event.objects.filter(kind="sanction.acknowledged").exists()

    def test_the_same_twice_is_refused_and_a_repeat_is_not(self, gateway: Caller) -> None:
        sanction = limit()
        path, body = f"/sanctions/{sanction.ref}/acknowledge/", {"effect": "applied"}
        first, again = (gateway.post(path, body, Idempotency_Key="k") for _ in range(2))
        assert (first.status_code, again.status_code) == (200, 200)
        assert again["Idempotent-Replayed"] == "true"
        assert first.json() == again.json()
        assert gateway.post(path, body).status_code == 409
        assert gateway.post(path, {"effect": "failed"}, Idempotency_Key="k").status_code == 422
        assert Event.objects.filter(kind="sanction.acknowledged").count() == 1

    def test_a_warning_is_nothing_to_apply(self, gateway: Caller) -> None:
        warning = factories.issued().sanctions.get(kind="warning")
        answer = say(gateway, warning, "applied")
        assert (answer.status_code, answer.json()["detail"]) == (409, "This is nothing that a gateway applies.")

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "effect"),
            ({"effect": "lifted"}, "effect"),
            ({"effect": ""}, "effect"),
            ({"effect": None}, "effect"),
            ({"effect": ["applied"]}, "effect"),
            ({"effect": "applied", "detail": "x" * 301}, "detail"),
            ({"effect": "applied", "detail": "a\0b"}, "detail"),
            ({"effect": "applied", "detail": {}}, "detail"),
            ([], "non_field_errors"),
        ],
    )
    def test_a_broken_field_is_named(self, gateway: Caller, body: Any, field: str) -> None:
        sanction = limit()
        answer = gateway.post(f"/sanctions/{sanction.ref}/acknowledge/", body)
        assert answer.status_code == 400
        assert set(answer.json()["errors"]) == {field}

    def test_nobody_who_works_here_can_say_it(self, people: dict) -> None:
        sanction = limit()
        for who in people.values():
            assert not Sanction.acknowledge.operation.available(sanction, who)

    def test_the_row_says_who_or_nothing(self, gateway: Caller) -> None:
        sanction = limit()
        with pytest.raises(IntegrityError, match="sanction_acknowledged_by_somebody"), transaction.atomic():
            Sanction.objects.filter(pk=sanction.pk).update(acknowledged_effect="applied")


def test_the_words_in_memory_and_in_a_query_agree(gateway: Caller) -> None:
    """Every mix of kind, state, times and word: the filter finds what the row says of itself."""
    base = limit()
    at, day = now(), timedelta(days=1)
    rows = []
    for kind, start, end, ended, said, said_at in itertools.product(
        ("warning", "mandatory_training", "rate_limit"),
        (at - 4 * day, at, at + day),
        (None, at - day, at, at + 3 * day),
        (None, ("lifted", at - 5 * day), ("revoked", at - 2 * day), ("superseded", at)),
        ("", "applied", "ended", "failed"),
        (at - 3 * day, at),
    ):
        if end is not None and end <= start:
            continue
        row = Sanction(
            case=base.case, decision=base.decision, subject=base.subject, kind=kind, starts_at=start, ends_at=end
        )
        row.state, row.ended_at = ended or ("issued", None)
        if said == "ended" and row.effect(at) == Effect.IN_FORCE:
            continue  # the operation refuses to say so
        if said:
            row.acknowledged_effect, row.acknowledged_at, row.acknowledged_by = said, said_at, gateway.token
        rows.append(row)
    Sanction.objects.bulk_create(rows)
    every = list(Sanction.objects.all())
    assert len(every) > 500
    for effect in Effect:
        found = set(Sanction.objects.with_effect([effect], at).values_list("ref", flat=True))
        assert found == {row.ref for row in every if row.effect(at) == effect}, effect
    for word in Confirmation:
        found = set(Sanction.objects.with_confirmation([word], at).values_list("ref", flat=True))
        assert found == {row.ref for row in every if row.confirmation(at) == word}, word
    todo = set(Sanction.objects.unconfirmed(at).values_list("ref", flat=True))
    assert todo == {row.ref for row in every if row.confirmation(at) in {"awaited", "failed"}}


def test_every_kind_is_either_passing_or_lasts() -> None:
    assert set(PASSING) < set(Sanction.Kind.values)
    assert set(AT_THE_GATEWAY) == set(Sanction.Kind.values) - {str(kind) for kind in Sanction.WITHOUT_RESTRICTION}
