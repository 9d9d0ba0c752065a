"""Reports from machines: the same operation as the public form. A machine sees and withdraws its own and no other."""

from typing import Any
from uuid import uuid4

from django.db import transaction
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from aup.models import Rule
from cases import limits
from cases.models import Report
from cases.models.flagger import Flagger
from cases.models.report import LINKS_LIMIT, code_for
from tipstaff.accounts.api import (
    Filters,
    Instant,
    Named,
    NoFacts,
    Reading,
    Reference,
    Resource,
    SentFiles,
    Several,
    idempotent,
)
from tipstaff.permissions import Permission
from tipstaff.time import latest_today, now
from tipstaff.workflow.refused import TooMany

SUPPLEMENT_LIMIT = 5000
SENT = {
    "rule": "SP-03",
    "description": "Four hundred posts in one night, from forty accounts.",
    "happened_on": "2026-03-01",
    "account": "acct_1",
    "links": ["https://forum.example/1"],
    "good_faith": True,
    "contact": "reporter@people.example",
    "language": "en",
    "files": ["01a2020d-0d4d-77ea-845f-998b4d326e7e"],
}
READ = {name: value for name, value in SENT.items() if name != "files"} | {
    "ref": "R-0042",
    "state": "received",
    "question": "",
    "decline_reason": "",
    "received_at": "2026-03-02T08:15:00Z",
    "answered_at": None,
    "outcome": "",
    "case": None,
    "available": [
        {"operation": "withdraw", "method": "POST", "url": "https://desk.example/api/v1/reports/R-0042/withdraw/"}
    ],
}


@extend_schema_serializer(
    examples=[
        OpenApiExample("A report", value=SENT, request_only=True),
        OpenApiExample("A report that waits", value=READ, response_only=True),
    ]
)
class ReportSerializer(Reading[Report]):
    """A report as its machine sent it, and where it stands."""

    rule = Named(
        slug_field="code", queryset=Rule.objects.none(), required=False, allow_null=True, help_text="A rule's code."
    )
    links = serializers.ListField(child=serializers.URLField(max_length=1000), max_length=LINKS_LIMIT, required=False)
    good_faith = serializers.BooleanField(help_text="Must be true: the reporter believes this to be true and complete.")
    files: Any = SentFiles()
    case: Any = serializers.SlugRelatedField(
        slug_field="ref", read_only=True, allow_null=True, help_text="The case it led to."
    )

    class Meta:
        model = Report
        fields = [
            "ref", "state", "rule", "description", "happened_on", "account", "links", "good_faith", "contact",
            "language", "question", "decline_reason", "received_at", "answered_at", "outcome", "case",
            "available", "files",
        ]  # fmt: skip
        read_only_fields = [
            "ref",
            "state",
            "question",
            "decline_reason",
            "received_at",
            "answered_at",
            "outcome",
            "case",
        ]

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        fields["rule"].queryset = Rule.objects.in_force(now())
        return fields

    def validate_good_faith(self, value: bool) -> bool:
        if not value:
            raise serializers.ValidationError("A report is taken only in good faith.")
        return value

    def validate_happened_on(self, value: Any) -> Any:
        if value and value > latest_today():
            raise serializers.ValidationError("That day has not come yet.")
        return value


@extend_schema_serializer(
    examples=[
        OpenApiExample("A report just filed", value=READ | {"code": "8F3K-Q2ZT-1MXA-77VD"}, response_only=True),
        OpenApiExample("A report", value=SENT, request_only=True),
    ]
)
class FiledReportSerializer(ReportSerializer):
    """A report just filed, with its receipt code."""

    code = serializers.CharField(read_only=True, help_text="The receipt code for /follow/. Shown this once.")

    class Meta(ReportSerializer.Meta):
        fields = [*ReportSerializer.Meta.fields, "code"]


@extend_schema_serializer(
    examples=[OpenApiExample("An answer", value={"answer": "All forty posted within the same minute."})]
)
class Answer(serializers.Serializer[Any]):
    answer = serializers.CharField(max_length=SUPPLEMENT_LIMIT, help_text="To the `question` of the report.")


class ReportFilters(Filters):
    state = Several(Report.State.choices, source="state__in")
    case = Reference("C", source="case__ref")
    since = Instant(source="received_at__gte", help_text="Received at this time or later.")
    until = Instant(source="received_at__lt", help_text="Received before this time.")


class ReportViewSet(mixins.ListModelMixin, Resource[Report]):
    """Reports that this token filed."""

    tag = "Reports"
    serializer_class = ReportSerializer
    filters = ReportFilters
    queryset = Report.objects.none()
    scopes = {
        "create": Permission.REPORT_FILE,
        "retrieve": Permission.REPORT_VIEW,
        "list": Permission.REPORT_VIEW,
    }
    acts = {"supply": Answer, "withdraw": NoFacts}
    shown_once = {"code"}

    def read(self, rows: Any) -> Any:
        own = [name for name in ReportSerializer.Meta.fields if name not in {"rule", "case", "available", "files"}]
        return rows.select_related("rule", "case").only(*own, "token", "rule__code", "case__ref")

    def replayed(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """The first answer again. The receipt code is made anew: it is stored only as a hash."""
        if self.action != "create":
            return body
        typed: Any = request.data
        return body | {"code": code_for(self.submission, str(typed["description"]).strip())}

    @extend_schema(request=ReportSerializer, responses={201: FiledReportSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """File a report. The receipt code in the answer lets a person follow it without the API.

        As at the form, so many are taken with one token, from one address, from one reporter (`contact`) and about one
        `account`, and then the answer is 429; a repeat of an `Idempotency-Key` is not counted. A report under a rule
        of the gravest kind, or from a trusted flagger's token, is always taken.
        """
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        facts = dict(serializer.validated_data)
        if refusal := _too_many(request, facts):
            raise refusal
        files = facts.pop("files", [])
        report, code = Report.draw(
            self.submission or str(uuid4()),
            **facts,
            channel=Report.Channel.API,
            token=request.auth.pk,
        )
        with transaction.atomic():
            report.file(actor=request.auth, files=files)
        return Response(self.get_serializer(report).data | {"code": code}, status=201)


def _too_many(request: Request, facts: dict[str, Any]) -> TooMany | None:
    """Why this report is not taken for now; None if it is."""
    if limits.is_grave(facts.get("rule")):
        return None
    token: Any = request.auth
    if Flagger.objects.standing(now()).filter(token=token.pk).exists():
        return None
    return limits.of_machine(request, token) or limits.of_reporter(facts.get("contact", ""), facts.get("account", ""))
