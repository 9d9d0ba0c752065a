"""`api.md`: every address of the REST API, from the same schema that `/api/v1/schema/` serves."""

from typing import Any

from drf_spectacular.generators import SchemaGenerator

from tipstaff.reference.acts import first_sentence, table

HEAD = """# REST API

Written by `make reference` from the schema; `make check` fails when they differ. The schema itself is at
`/api/v1/schema/` (OpenAPI 3.1), and can be tried out at `/api/v1/docs/` of every installation.

Send `Authorization: Bearer <token>`. Every refusal is a problem document (RFC 9457) with a sentence in `detail`. A
repeated `Idempotency-Key` within two days gets the first answer again. Lists are pages: follow `next`.
"""


def page() -> str:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    parts = [HEAD.strip()]
    for path, methods in schema["paths"].items():
        parts += [f"## `{path}`", *(_method(name, told) for name, told in methods.items())]
    return "\n\n".join(parts)


def _method(name: str, told: dict[str, Any]) -> str:
    words = " ".join(told.get("description", "").split())
    parts = [f"### {name.upper()}" + (f" · {told['summary']}" if told.get("summary") else ""), words]
    parameters = [
        [f"`{p['name']}`", p["in"], "yes" if p.get("required") else "", _kind(p["schema"]), _text(p.get("description"))]
        for p in told.get("parameters", [])
    ]
    if parameters:
        parts.append(table(["Parameter", "In", "Required", "Kind", "What it is"], parameters))
    answers = [
        f"{status} {first_sentence(answer.get('description')).rstrip('.')}".strip() for status, answer in _answers(told)
    ]
    parts.append("Answers: " + "; ".join(answers) + ".")
    return "\n\n".join(part for part in parts if part)


def _answers(told: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return sorted(told.get("responses", {}).items())


def _text(words: str | None) -> str:
    return " ".join((words or "").split())


def _kind(schema: dict[str, Any]) -> str:
    if schema.get("type") == "array":
        return f"any of {_kind(schema['items'])}"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    return str(schema.get("format") or schema.get("type", ""))
