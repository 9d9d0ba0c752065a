"""The OpenAPI document: valid 3.1 in somebody else's eyes, and it tells of every way there is."""

import re
from typing import Any

import pytest
import yaml
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator

from tipstaff.permissions import TOKEN_SCOPES
from tipstaff.urls import router


@pytest.fixture(scope="module")
def document(django_db_setup: None, django_db_blocker: Any) -> dict:
    with django_db_blocker.unblock():
        answer = Client().get("/api/v1/schema/")
    assert answer.status_code == 200
    return yaml.safe_load(answer.content)


def test_it_is_valid_and_3_1(document: dict) -> None:
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_it_tells_of_every_way(document: dict) -> None:
    told = {(re.sub(r"\{.*?\}", "*", path), method) for path, item in document["paths"].items() for method in item}
    methods = {"get", "put", "post", "patch", "delete"}
    there = set()
    for route in router.urls:
        address = "/api/v1/" + re.sub(r"\(\?P<\w+>[^)]*\)", "*", str(route.pattern)).strip("^$")
        there |= {(address, method) for method in route.callback.actions if method in methods}
    assert told == there


def test_it_says_how_to_sign_in_and_what_may_be_repeated(document: dict) -> None:
    scheme = document["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for path, item in document["paths"].items():
        for method, operation in item.items():
            scopes = [scope for way in operation["security"] for scope in way["token"]]
            assert scopes, f"{method} {path}"
            assert set(scopes) <= TOKEN_SCOPES, f"{method} {path}"
            assert operation["description"], f"{method} {path}"
    headers = [given["name"] for given in document["paths"]["/api/v1/reports/"]["post"]["parameters"]]
    assert "Idempotency-Key" in headers


def test_nobody_changes_a_state_by_writing_it(document: dict) -> None:
    assert not [path for path, item in document["paths"].items() if "patch" in item]


def test_the_page_that_shows_it_runs_no_inline_script(db: None) -> None:
    page = Client().get("/api/v1/docs/")
    assert page.status_code == 200
    assert not re.findall(r"<script(?![^>]*src=)[^>]*>\s*\S", page.text)
