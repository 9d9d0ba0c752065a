"""Appending: only inside a transaction, numbered without gaps, each fact behind a salt of its own."""

import random
import threading
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connections, transaction
from hypothesis import given
from hypothesis import strategies as st

from tests.ledger.log import entry, faults, record, sign_all
from tipstaff.ledger import disclosures, render
from tipstaff.ledger.append import FACTS_LIMIT, append
from tipstaff.ledger.models import Event, Leaf, Stream
from tipstaff.ledger.sequencer import sequence
from tipstaff.workflow.actors import System


class TestAppend:
    def test_it_is_refused_outside_a_transaction(self, clone: str) -> None:
        with pytest.raises(transaction.TransactionManagementError, match="in the transaction of the act"):
            append([entry("case:alone")])
        assert not Stream.objects.filter(name="case:alone").exists()

    def test_nothing_to_append_is_nothing(self, db: None) -> None:
        assert append([]) == []

    def test_numbers_go_on_in_each_stream(self, db: None) -> None:
        first = append([entry("case:a"), entry("case:b"), entry("case:a")])
        second = append([entry("case:b"), entry("case:a")])
        assert [(event.stream_id, event.seq) for event in first + second] == [
            ("case:a", 1), ("case:b", 1), ("case:a", 2), ("case:b", 2), ("case:a", 3),
        ]  # fmt: skip
        assert Stream.objects.get(name="case:a").head_seq == 3

    def test_a_failed_act_leaves_no_event_and_no_gap(self, clone: str) -> None:
        with transaction.atomic():
            append([entry("case:a")])
            transaction.set_rollback(True)
        assert record("case:a").seq == 1

    @pytest.mark.parametrize(("facts", "decoys"), [(0, 0), (1, 3), (2, 2), (3, 1), (4, 0), (5, 3)])
    def test_decoys_pad_the_digests_to_a_multiple_of_four(self, db: None, facts: int, decoys: int) -> None:
        event = append([entry("case:a", **{f"fact{n}": n for n in range(facts)})])[0]
        assert len(event.decoys) == decoys
        assert all(len(disclosures.unb64url(decoy)) == 32 for decoy in event.decoys)
        real = {disclosure.digest for disclosure in event.disclosures.all()}
        assert len(real | set(event.decoys)) == facts + decoys

    def test_the_same_fact_twice_has_two_digests(self, db: None) -> None:
        one, two = append([entry("case:a", who="Mara"), entry("case:a", who="Mara")])
        assert one.disclosures.get().digest != two.disclosures.get().digest

    def test_what_was_told_comes_back(self, db: None) -> None:
        told = {"nothing": None, "text": "naïve ‮ \U0001f600", "number": 2**53 - 1, "list": [1, {"b": True, "a": None}]}
        event = append([entry("case:a", **told)])[0]
        again = Event.objects.get(pk=event.pk)
        assert again.told() == told
        assert {disclosures.digest(d.encoded) for d in again.disclosures.all()} == {
            d.digest for d in again.disclosures.all()
        }

    def test_numbers_that_json_would_blur_are_refused(self, db: None) -> None:
        with pytest.raises(ValueError, match="safe"), transaction.atomic():
            append([entry("case:a", number=2**53 + 1)])

    def test_more_facts_than_a_leaf_can_hold_are_refused_at_once(self, clone: str, signer: tuple) -> None:
        most = {f"fact{n}": n for n in range(FACTS_LIMIT)}
        with pytest.raises(ValueError, match=f"at most {FACTS_LIMIT}"):
            record("case:a", **most, one_more=1)
        record("case:" + "é" * 190, kind="k" * 80, **most)
        assert sign_all(signer)
        assert faults() == []


class TestFact:
    @pytest.mark.parametrize(
        ("value", "json"),
        [
            (None, None),
            (True, True),
            (7, 7),
            ("text", "text"),
            (datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "2026-01-02T03:04:05.000006Z"),
            (date(2026, 1, 2), "2026-01-02"),
            (timedelta(days=1, hours=2), "P1DT02H00M00S"),
            (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
            (Decimal("1.50"), "1.50"),
            ((1, [UUID(int=5)]), [1, ["00000000-0000-0000-0000-000000000005"]]),
            ({"a": {1: date(2026, 1, 2)}}, {"a": {"1": "2026-01-02"}}),
        ],
    )
    def test_a_value_has_one_form(self, value: object, json: object) -> None:
        assert render.fact(value) == json

    @pytest.mark.parametrize(
        "value",
        [
            1.5,
            float("nan"),
            b"bytes",
            {1, 2},
            pytest.param(object(), id="object"),
            System("a"),
            [1.5],
            {"a": b""},
            Stream(name="no reference"),
        ],
        ids=repr,
    )
    def test_what_has_no_one_form_is_refused(self, value: object) -> None:
        with pytest.raises(render.NotAFact, match="cannot stand in an event"):
            render.fact(value)

    def test_two_names_that_would_become_one_are_refused(self) -> None:
        with pytest.raises(render.NotAFact, match="twice"):
            render.fact({1: "a", "1": "b"})

    def test_an_instant_without_a_zone_is_refused(self) -> None:
        with pytest.raises(render.NotAFact, match="time zone"):
            render.fact(datetime(2026, 1, 2))  # noqa: DTZ001

    @given(st.datetimes(timezones=st.timezones(), min_value=datetime(1900, 1, 1), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001
    def test_an_instant_is_the_same_in_every_zone(self, at: datetime) -> None:
        assert render.instant(at) == render.instant(at.astimezone(UTC))
        assert datetime.fromisoformat(render.instant(at)) == at.astimezone(UTC)

    json = st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
        ),
        max_leaves=8,
    )

    @given(json)
    def test_facts_are_left_as_they_are(self, value: object) -> None:
        assert render.fact(value) == value
        assert disclosures.encode("salt", "name", value) == disclosures.encode("salt", "name", render.fact(value))


def test_eight_writers_and_a_sequencer_lose_nothing(clone: str, signer: tuple[str, Ed25519PrivateKey]) -> None:
    """Evidence note 4.3: a cursor on ids lost 23 % of events here; the anti-join loses none and keeps each order."""
    streams, writers, each = [f"case:{n}" for n in range(5)], 8, 30
    done, trouble = threading.Event(), []

    def write(number: int) -> None:
        chance = random.Random(number)
        try:
            for turn in range(each):
                with transaction.atomic():
                    mine = chance.sample(streams, k=chance.choice([1, 1, 2, 3]))
                    append([entry(stream, writer=number, turn=turn) for stream in mine])
                    if chance.random() < 0.3:
                        time.sleep(chance.random() * 0.01)
                    if chance.random() < 0.1:
                        transaction.set_rollback(True)
        except Exception as error:
            trouble.append(error)
        finally:
            connections.close_all()

    def keep_signing() -> None:
        try:
            while not done.is_set():
                sequence(kid=signer[0], key=signer[1], limit=20)
        except Exception as error:
            trouble.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=[number]) for number in range(writers)]
    sequencers = [threading.Thread(target=keep_signing) for _ in range(2)]
    for thread in threads + sequencers:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    for thread in sequencers:
        thread.join()
    early = Leaf.objects.count()
    sign_all(signer)
    assert not trouble
    assert early, "the sequencer signed nothing while others wrote"
    assert not Event.objects.filter(leaf__isnull=True).exists()
    assert list(Leaf.objects.order_by("idx").values_list("idx", flat=True)) == list(range(Event.objects.count()))
    for stream in Stream.objects.filter(name__in=streams):
        in_log_order = stream.events.order_by("leaf__idx").values_list("seq", flat=True)
        assert list(in_log_order) == list(range(1, stream.head_seq + 1))
    for number in range(writers):
        mine = [
            event.told()["turn"]
            for event in Event.objects.filter(stream__name=streams[0]).order_by("seq").prefetch_related("disclosures")
            if event.told()["writer"] == number
        ]
        assert mine == sorted(mine)
    assert faults() == []
