"""Feedback on the policy from machines: the same operation as the public form. A machine reads its own and no other."""

from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from aup import letters
from aup.api import RuleCode
from aup.models import Feedback, PolicyVersion
from tipstaff.accounts.api import Filters, Instant, Reading, Resource, Several, idempotent
from tipstaff.permissions import Permission
from tipstaff.time import now

SENT = {
    "kind": "ambiguity",
    "version": "1.1",
    "rule": "SP-03",
    "text": "Does a scheduled series count from its first post or from the hour it is booked in?",
    "contact": "team@build.example",
    "language": "en",
}
READ: dict[str, object] = SENT | {
    "ref": "F-0007",
    "state": "answered",
    "received_at": "2026-03-02T08:15:00Z",
    "due_at": None,
    "answer": "From its first post. The next version says so.",
    "answered_at": "2026-03-06T10:00:00Z",
    "led_to": "1.2",
    "available": [],
}


@extend_schema_serializer(
    examples=[
        OpenApiExample("Feedback", value=SENT, request_only=True),
        OpenApiExample("Feedback with its answer", value=READ, response_only=True),
    ]
)
class FeedbackSerializer(Reading[Feedback]):
    """Feedback as its machine gave it, and the answer."""

    version = serializers.CharField(
        source="version.number",
        required=False,
        max_length=20,
        help_text="A version that was published; without it, the one in force.",
    )
    rule = serializers.CharField(
        source="rule.code",
        required=False,
        allow_null=True,
        max_length=10,
        default=None,
        help_text="A rule of that version; null for the policy as a whole.",
    )
    answer = serializers.CharField(source="answer_text", read_only=True, help_text="Empty until there is one.")
    led_to = serializers.SerializerMethodField(help_text="The published version that came of it.")

    class Meta:
        model = Feedback
        fields = [
            "ref", "state", "kind", "version", "rule", "text", "contact", "language", "received_at", "due_at", "answer",
            "answered_at", "led_to", "available",
        ]  # fmt: skip
        read_only_fields = ["ref", "state", "received_at", "due_at", "answered_at"]

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_led_to(self, feedback: Feedback) -> str | None:
        return feedback.led_to_in_public.number if feedback.led_to_in_public else None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        number, code = attrs.pop("version", {}).get("number"), attrs.pop("rule", {}).get("code")
        at, published = now(), PolicyVersion.objects.published()
        version = published.filter(number=number).first() if number else PolicyVersion.objects.in_force(at)
        if version is None:
            known = f"We know no published version “{number}”." if number else "No policy is in force yet."
            raise serializers.ValidationError({"version": [known]})
        rule = version.rules.filter(code=code.upper(), enabled=True).first() if code else None
        if code and rule is None:
            raise serializers.ValidationError({"rule": [f"Version {version.number} has no rule “{code}”."]})
        return attrs | {"version": version, "rule": rule}


@extend_schema_serializer(
    examples=[
        OpenApiExample("Feedback", value=SENT, request_only=True),
        OpenApiExample(
            "Feedback just given",
            value=READ
            | {
                "state": "received",
                "due_at": "2026-03-16T08:15:00Z",
                "answer": "",
                "answered_at": None,
                "led_to": None,
                "link": "/policy/feedback/follow/…/",
            },
            response_only=True,
        ),
    ]
)
class FiledFeedbackSerializer(FeedbackSerializer):
    """Feedback just given, with the link that shows it to a person."""

    link = serializers.CharField(read_only=True, help_text="The page that follows it, for a person. Shown this once.")

    class Meta(FeedbackSerializer.Meta):
        fields = [*FeedbackSerializer.Meta.fields, "link"]


class FeedbackFilters(Filters):
    state = Several(Feedback.State.choices, source="state__in")
    kind = Several(Feedback.Kind.choices, source="kind__in")
    rule = RuleCode(source="rule__code")
    since = Instant(source="received_at__gte", help_text="Received at this time or later.")
    until = Instant(source="received_at__lt", help_text="Received before this time.")


class FeedbackViewSet(mixins.ListModelMixin, Resource[Feedback]):
    """Feedback on the policy that this token gave: an ambiguity, a near miss, an unintended consequence."""

    tag = "Feedback"
    serializer_class = FeedbackSerializer
    filters = FeedbackFilters
    queryset = Feedback.objects.none()
    scopes = {
        "create": Permission.FEEDBACK_FILE,
        "retrieve": Permission.FEEDBACK_FILE,
        "list": Permission.FEEDBACK_FILE,
    }
    shown_once = {"link"}

    def read(self, rows: Any) -> Any:
        return rows.select_related("version", "rule", "led_to")

    def replayed(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """The first answer again, with the link made anew: what is kept beside the key holds no credential."""
        given = Feedback.objects.get(ref=body["ref"], token=request.auth.pk)
        return body | {"link": letters.link(given)}

    @extend_schema(request=FeedbackSerializer, responses={201: FiledFeedbackSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Give feedback on the policy. The answer comes within 10 working days, by mail where there is a contact."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        submission = uuid5(NAMESPACE_URL, self.submission) if self.submission else uuid4()
        given = Feedback(token=request.auth.pk, submission=submission, **serializer.validated_data)
        given.file(actor=request.auth)
        return Response(self.get_serializer(given).data | {"link": letters.link(given)}, status=201)
