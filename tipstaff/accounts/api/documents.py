"""How the API tells about itself: one OpenAPI document, with the scope and every refusal of every call."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from tipstaff.accounts.tokens import TokenAuthentication, alternatives


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token that an administrator made: `tps_…`."}

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        """A scope each; where there are several, one is enough."""
        view = auto_schema.view
        return [{self.name: [str(scope)]} for scope in alternatives(view.scopes[view.action])]


class Problem(serializers.Serializer[Any]):
    """A refusal (RFC 9457)."""

    type = serializers.CharField(help_text="Always `about:blank`: the status says what kind it is.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence that says what was wrong.")


class Fault(Problem):
    """A refusal of fields or parameters, each by its name."""

    errors = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()), help_text="What is wrong with each of them."
    )


PROBLEM_JSON = "application/problem+json"
REFUSALS: dict[int, tuple[str, str, str]] = {
    400: (
        "A field or a parameter is not as it should be; `errors` names it.",
        "We could not read that",
        "One or more fields are not as they should be.",
    ),
    401: (
        "There is no token, or it is unknown, expired or revoked.",
        "We do not know this token",
        "This token is unknown, expired or revoked.",
    ),
    403: (
        "The token lacks the scope. The refusal is written into the history.",
        "That is not yours to do",
        "This token lacks the scope that the call needs.",
    ),
    404: ("There is none, or this token may not see it.", "There is nothing here", "Not found."),
    409: (
        "It cannot be done as things stand; the sentence says why. Nothing was changed.",
        "That can no longer be done",
        "R-0042 is accepted by now, so this can no longer be done.",
    ),
    413: ("The body is larger than 2 MiB.", "That is too large", "The body is larger than the API takes."),
    422: (
        "The Idempotency-Key was used with another body.",
        "Something is missing",
        "This Idempotency-Key was used with another body. Use a new key for a new request.",
    ),
    429: (
        "Too many calls; `Retry-After` says when to come back.",
        "Too many at once",
        "Request was throttled. Expected available in 12 seconds.",
    ),
}


ANSWERS = {
    ("200", "list"): "A page of them, newest first.",
    ("201", "create"): "It is filed.",
    ("200", "update"): "It was known; this is what is known now.",
    ("201", "update"): "It is known from now on.",
}


class Schema(AutoSchema):
    """drf-spectacular's, told what is the same for every call here."""

    view: Any

    def get_operation(self, *where: Any, **named: Any) -> Any:
        """The one example of a body is said plainly, without a choice of one."""
        call: Any = super().get_operation(*where, **named)
        if call is None:  # a door of the API that is no resource, such as the schema itself
            return None
        for part in [call.get("requestBody", {}), *call["responses"].values()]:
            for content in part.get("content", {}).values():
                if len(content.get("examples", {})) == 1:
                    content["example"] = content.pop("examples").popitem()[1]["value"]
        return call

    def get_tags(self) -> list[str]:
        return [self.view.tag]

    def get_operation_id(self) -> str:
        thing = str(self.view.basename).replace("-", "_")
        return f"{thing}_{self.view.action}"

    def get_summary(self) -> str:
        thing = self.view.tag.lower()
        if known := {"list": f"List {thing}", "retrieve": f"Read one of the {thing}"}.get(self.view.action):
            return known
        if self.view.action in getattr(self.view, "acts", {}):
            model: Any = type(self.view).queryset.model
            return str(getattr(model, self.view.action).operation.label)
        return str(super().get_description()).partition(". ")[0].partition(",")[0].rstrip(".")

    def get_description(self) -> str:  # type: ignore[override]
        scopes = " or ".join(f"`{scope}`" for scope in alternatives(self.view.scopes[self.view.action]))
        return f"{super().get_description()}\n\nNeeds the scope {scopes}."

    def get_override_parameters(self) -> list[Any]:
        return [self.view.filters] if self.view.action == "list" else []

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for status, body in bodies.items():
            body["description"] = body["description"] or ANSWERS.get((status, self.view.action), "As it stands now.")
        for refused in self._refused_with():
            bodies[str(refused)] = self._get_response_for_code(_told(refused), str(refused), [PROBLEM_JSON], direction)
        if "429" in bodies:
            bodies["429"]["headers"] = {
                "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
            }
        return bodies

    def _refused_with(self) -> list[int]:
        view, reads = self.view, self.method == "GET"
        named = "{" in self.path
        statuses = {401, 403, 429}
        statuses |= {404} if named and self.method != "PUT" else set()
        statuses |= {400} if view.action == "list" or not reads else set()
        statuses |= {413} if not reads else set()
        statuses |= {409} if not reads and named else set()
        statuses |= {422} if self.method == "POST" else set()
        return sorted(statuses)


def _told(status: int) -> OpenApiResponse:
    description, title, sentence = REFUSALS[status]
    value: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": sentence}
    if status == 400:
        value["errors"] = {"state": ["There is no “opne”. Known are: open, closed."]}
    return OpenApiResponse(
        Fault if status == 400 else Problem, description, examples=[OpenApiExample(title, value=value)]
    )
