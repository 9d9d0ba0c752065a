"""How often a public door opens for one address."""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from cases.models import Report

DOORS = [("report", "/report/"), ("follow", "/follow/"), ("appeal", "/appeal/report/"), ("appeal", "/appeal/no.token/")]


@pytest.fixture(autouse=True)
def fresh(db: None) -> None:
    cache.clear()


@pytest.mark.parametrize(("scope", "address"), DOORS)
def test_beyond_the_limit_it_is_429_in_a_sentence_and_reading_goes_on(settings: Any, scope: str, address: str) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {scope: "3/hour"}
    client = Client()
    assert 429 not in {client.post(address, {}).status_code for _ in range(3)}
    page = client.post(address, {})
    assert page.status_code == 429
    assert "more than we take from one address at a time" in page.text
    assert client.get(address).status_code != 429
    assert not Report.objects.exists()


def test_another_address_is_not_held_up(settings: Any) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"report": "1/hour"}
    client = Client()
    client.post("/report/", {})
    assert client.post("/report/", {}).status_code == 429
    assert client.post("/report/", {}, REMOTE_ADDR="192.0.2.9").status_code == 422


def test_a_header_that_anyone_can_write_does_not_make_another_address(settings: Any) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"report": "2/hour"}
    codes = [Client().post("/report/", {}, headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(4)]
    assert codes == [422, 422, 429, 429]


def test_the_addresses_of_one_ipv6_household_are_one(settings: Any) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"report": "1/hour"}
    codes = [
        Client().post("/report/", {}, REMOTE_ADDR=address).status_code
        for address in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1")
    ]
    assert codes == [422, 429, 422]


def test_each_door_counts_for_itself(settings: Any) -> None:
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"report": "1/hour"}
    client = Client()
    client.post("/report/", {})
    assert client.post("/follow/", {"code": "AAAA-BBBB-CCCC-DDDD"}).status_code == 422
