"""The OpenAPI document: valid 3.1 in somebody else's eyes, tells every way there is, and holds for what is answered."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client
from openapi_schema_validator import OAS31Validator, oas31_format_checker
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests import factories
from tests.api.callers import Caller, send
from tipstaff.accounts.api.documents import PROBLEM_JSON, REFUSALS
from tipstaff.permissions import SCOPE_WORDS, TOKEN_SCOPES
from tipstaff.refusals import TITLES
from tipstaff.urls import router


@pytest.fixture(scope="module")
def document(django_db_setup: None, django_db_blocker: Any) -> dict:
    with django_db_blocker.unblock():
        answer = Client().get("/api/v1/schema/")
    assert answer.status_code == 200
    return yaml.safe_load(answer.content)


def calls(document: dict) -> Iterator[tuple[str, str, dict]]:
    for path, item in document["paths"].items():
        for method, call in item.items():
            yield path, method, call


def fits(document: dict, schema: dict, value: Any) -> list[str]:
    """What is wrong with `value` by `schema`."""
    checker = OAS31Validator({**schema, "components": document["components"]}, format_checker=oas31_format_checker)
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in checker.iter_errors(value)]


def test_it_is_valid_and_3_1(document: dict) -> None:
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_it_is_made_without_a_warning(capsys: pytest.CaptureFixture, db: None) -> None:
    Client().get("/api/v1/schema/")
    assert "Warning" not in capsys.readouterr().err


def test_it_tells_of_every_way(document: dict) -> None:
    told = {(re.sub(r"\{.*?\}", "*", path), method) for path, method, _call in calls(document)}
    methods = {"get", "put", "post", "patch", "delete"}
    there = set()
    for route in router.urls:
        address = "/api/v1/" + re.sub(r"\(\?P<\w+>[^)]*\)", "*", str(route.pattern)).strip("^$")
        there |= {(address, method) for method in route.callback.actions if method in methods}
    assert told == there


def test_it_says_how_to_sign_in_and_with_which_scope(document: dict) -> None:
    scheme = document["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for path, method, call in calls(document):
        scopes = {scope for way in call["security"] for scope in way["token"]}
        assert scopes, f"{method} {path}"
        assert scopes <= TOKEN_SCOPES, f"{method} {path}"
        assert all(f"`{scope}`" in call["description"] for scope in scopes), f"{method} {path}"


def test_it_says_what_may_be_repeated(document: dict) -> None:
    for path, method, call in calls(document):
        headers = [given["name"] for given in call.get("parameters", []) if given["in"] == "header"]
        assert headers == (["Idempotency-Key"] if method == "post" else []), f"{method} {path}"


def test_it_tells_every_refusal(document: dict) -> None:
    for path, method, call in calls(document):
        expected = {"401", "403", "429"}
        expected |= {"400", "413"} if method != "get" else set()
        expected |= {"400"} if method == "get" and "{" not in path else set()
        expected |= {"404"} if "{" in path and method != "put" else set()
        expected |= {"409"} if "{" in path and method != "get" else set()
        expected |= {"422"} if method == "post" else set()
        refused = {status: answer for status, answer in call["responses"].items() if status >= "400"}
        assert set(refused) == expected, f"{method} {path}"
        for answer in refused.values():
            assert set(answer["content"]) == {PROBLEM_JSON}
            assert answer["description"]


def test_a_refusal_is_told_as_it_is_given(document: dict) -> None:
    assert {status: title for status, (_words, title, _sentence) in REFUSALS.items()} == {
        status: TITLES[status] for status in REFUSALS
    }


def test_every_thing_has_a_name_and_words(document: dict) -> None:
    declared = {tag["name"]: tag["description"] for tag in document["tags"]}
    used = {tag for _path, _method, call in calls(document) for tag in call["tags"]}
    assert set(declared) == used
    names = [call["operationId"] for _path, _method, call in calls(document)]
    assert len(set(names)) == len(names)
    for path, method, call in calls(document):
        assert call["summary"], f"{method} {path}"
        for given in call.get("parameters", []):
            assert (
                given.get("description")
                or given["schema"].get("items", {}).get("description")
                or (given["in"] == "path")
            ), f"{method} {path} {given['name']}"


def bodies(document: dict) -> Iterator[tuple[str, dict]]:
    for path, method, call in calls(document):
        for content in call.get("requestBody", {}).get("content", {}).values():
            yield f"{method} {path} request", content
        for status, answer in call["responses"].items():
            for content in answer.get("content", {}).values():
                yield f"{method} {path} {status}", content


def examples(content: dict) -> list[Any]:
    several = [example["value"] for example in content.get("examples", {}).values()]
    return several or [content["example"]]


def test_every_body_has_an_example_that_fits_its_schema(document: dict) -> None:
    for where, content in bodies(document):
        assert "examples" in content or "example" in content, where
        for example in examples(content):
            assert fits(document, content["schema"], example) == [], where


def test_an_example_leaves_nothing_out(document: dict) -> None:
    for where, content in bodies(document):
        for example in examples(content):
            name = content["schema"].get("$ref", "").rpartition("/")[2]
            properties = set(document["components"]["schemas"][name]["properties"])
            assert set(example) == properties or where.endswith("request"), where


def test_what_is_answered_fits(document: dict, caller: Caller) -> None:
    appeal = factories.taken_up()
    factories.control()
    factories.waiver("submitted")
    factories.acknowledgement()
    caller.post("/reports/", {"description": "Posts.", "good_faith": True})
    caller.post("/feedback/", {"kind": "ambiguity", "text": "Which hour counts?", "rule": "SP-03"})
    caller.put("/subjects/acct_1/", {})
    there = {"subject": "acct_1", "file": send(caller, b"one line\n").json()["id"]}
    for name, viewset, base in router.registry:
        schemas = document["paths"][f"/api/v1/{name}/{{{viewset.lookup_field}}}/"]["get"]["responses"]
        if hasattr(viewset, "list"):
            answer = caller.get(f"/{name}/").json()
            paged = document["paths"][f"/api/v1/{name}/"]["get"]["responses"]["200"]["content"]["application/json"]
            assert answer["results"], name
            assert fits(document, paged["schema"], answer) == [], name
            there[base] = answer["results"][0][viewset.lookup_field]
        one = caller.get(f"/{name}/{there[base]}/").json()
        assert fits(document, schemas["200"]["content"]["application/json"]["schema"], one) == [], name
    assert there["appeal"] == appeal.ref


def test_a_refusal_that_is_answered_fits(document: dict, people: dict) -> None:
    schema = {"$ref": "#/components/schemas/Problem"}
    caller = Caller(["report:view"])
    answers = [
        caller.get("/reports/R-ZZZZ/"),
        caller.get("/cases/"),
        caller.get("/reports/?x=1"),
        caller.put("/x/", {}),
    ]
    answers.append(Client().get("/api/v1/reports/"))
    assert [answer.status_code for answer in answers[:3] + answers[4:]] == [404, 403, 400, 401]
    for answer in answers[:3] + answers[4:]:
        assert fits(document, schema, answer.json()) == []
    assert fits(document, {"$ref": "#/components/schemas/Fault"}, answers[2].json()) == []


def test_nobody_changes_a_state_by_writing_it(document: dict) -> None:
    assert not [path for path, method, _call in calls(document) if method in {"patch", "delete"}]
    for path, method, call in calls(document):
        body = call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        name = body.get("$ref", "").rpartition("/")[2]
        fields = document["components"]["schemas"].get(name, {}).get("properties", {})
        assert "state" not in fields, f"{method} {path}"


def test_every_scope_has_words() -> None:
    assert set(SCOPE_WORDS) == TOKEN_SCOPES


def test_the_page_that_shows_it_runs_no_inline_script(db: None) -> None:
    page = Client().get("/api/v1/docs/")
    assert page.status_code == 200
    assert not re.findall(r"<script(?![^>]*src=)[^>]*>\s*\S", page.text)


def test_the_page_takes_nothing_from_elsewhere(db: None) -> None:
    page = Client().get("/api/v1/docs/")
    for address in re.findall(r'(?:src|href)="([^"]*)"', page.text):
        assert address.startswith("/"), address
        if address.startswith(f"/{settings.STATIC_URL.strip('/')}/"):
            assert Client().get(address).status_code == 200, address
    script = Client().get(re.findall(r'src="(/api[^"]*)"', page.text)[-1])
    assert script.status_code == 200
    assert re.findall(r"https?://[^\s\"']+", script.content.decode()) == []
