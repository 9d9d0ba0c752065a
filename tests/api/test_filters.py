"""Every parameter of every list against what may not be in it: named with 400, never passed over, never a 500."""

from urllib.parse import urlencode

import pytest
from rest_framework import serializers

from tests import factories
from tests.api.callers import Caller
from tipstaff.accounts.api import Account, Instant, Reference, Several
from tipstaff.urls import router

LISTS = {name: viewset for name, viewset, _base in router.registry if hasattr(viewset, "list")}
EVERYWHERE = ["", "a\0b", "\N{RIGHT-TO-LEFT OVERRIDE}", "🙂", "x" * 5000, "'; DROP TABLE cases_case; --"]
BAD: list[tuple[type, list[str]]] = [
    (Several, ["nothing", "OPEN", "null", "open,investigating", "0"]),
    (Reference, ["0042", "c-0042", "C-", "C-00 42", "C-0042\n", "X-0042", "C-0042;"]),
    (Account, ["a b", "a/b", "x" * 121, "ü", "a\n"]),
    (Instant, ["yesterday", "2026-03-01", "2026-03-01T00:00:00", "2026-13-01T00:00:00Z", "2026-03-01 00:00:00Z",
               "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1", "-1", "NaN"]),
    (serializers.BooleanField, ["maybe", "2", "null"]),
    (serializers.IntegerField, ["0", "-1", "5000000000000000000000", "1.5", "one", "1e2", "٣٣٣"]),
    (serializers.CharField, ["ZZ-99"]),  # a rule's code, or a cursor
]  # fmt: skip


def wrong_for(field: serializers.Field) -> list[str]:
    """What may not stand in a parameter of this kind: the first kind that fits."""
    return next(values for kind, values in BAD if isinstance(field, kind)) + EVERYWHERE


def test_the_walk_finds_every_list() -> None:
    assert set(LISTS) >= {"reports", "cases", "decisions", "sanctions", "appeals"}
    for viewset in LISTS.values():
        for field in viewset.filters().fields.values():
            assert any(isinstance(field, kind) for kind, _values in BAD), field


@pytest.mark.parametrize("name", LISTS)
def test_a_wrong_value_is_named(caller: Caller, name: str) -> None:
    """Each wrong value of every parameter: those of different parameters together, and a cursor, which is read when
    the others are fine, alone.
    """
    wrong = {parameter: wrong_for(field) for parameter, field in LISTS[name].filters().fields.items()}
    asked = [{"cursor": value} for value in wrong.pop("cursor")]
    for turn in range(max(map(len, wrong.values()))):
        asked.append({parameter: values[turn] for parameter, values in wrong.items() if turn < len(values)})
    for sent in asked:
        answer = caller.get(f"/{name}/?{urlencode(sent)}")
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json"), sent
        assert set(answer.json()["errors"]) == set(sent), sent
        assert all(all(said) and said for said in answer.json()["errors"].values())


@pytest.mark.parametrize("name", LISTS)
def test_an_unknown_parameter_is_named_and_the_known_are_told(caller: Caller, name: str) -> None:
    answer = caller.get(f"/{name}/?stat=open&{'x' * 300}=1")
    assert answer.status_code == 400
    assert "stat" in answer.json()["errors"]
    told = answer.json()["errors"]["stat"][0]
    assert all(known in told for known in LISTS[name].filters().fields)
    assert len(answer.text) < 2000


@pytest.mark.parametrize("name", LISTS)
def test_what_has_one_value_is_given_once(caller: Caller, name: str) -> None:
    answer = caller.get(f"/{name}/?page_size=2&page_size=3")
    assert answer.json()["errors"] == {"page_size": ["Give this once."]}


@pytest.mark.parametrize("name", LISTS)
def test_every_value_that_is_known_is_taken(caller: Caller, name: str) -> None:
    for parameter, field in LISTS[name].filters().fields.items():
        if isinstance(field, Several):
            for word in field.choices:
                assert caller.get(f"/{name}/?{parameter}={word}").status_code == 200, word
            every = "&".join(f"{parameter}={word}" for word in field.choices)
            assert caller.get(f"/{name}/?{every}").status_code == 200


FOREIGN = [
    "nonsense", "cD1hYmM=", "bz0tMQ==", "cj14", "cD0=", "%00", "bz05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk=", "cD0w" * 40,
]  # fmt: skip


def test_a_cursor_that_we_did_not_make(caller: Caller) -> None:
    """Nothing else is wrong; an offset alone is a place in the list as well."""
    factories.lodged()
    given = {(name, cursor): caller.get(f"/{name}/?cursor={cursor}") for name in LISTS for cursor in FOREIGN}
    refused = {asked: answer for asked, answer in given.items() if answer.status_code != 200}
    assert {answer.status_code for answer in refused.values()} == {400}
    assert {asked for asked, answer in refused.items() if set(answer.json()["errors"]) != {"cursor"}} == set()


@pytest.mark.parametrize("name", LISTS)
def test_several_wrong_ones_are_all_named(caller: Caller, name: str) -> None:
    answer = caller.get(f"/{name}/?page_size=x&cursor=%00&foo=1")
    assert set(answer.json()["errors"]) == {"page_size", "cursor", "foo"}


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_list_is_a_list(caller: Caller, name: str) -> None:
    assert caller.get(f"/{name}/").json() == {"next": None, "previous": None, "results": []}
