"""Reports from machines: the same operation as the public form."""

from typing import Any
from uuid import uuid4

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from aup.models import Rule
from cases.models import Report
from cases.models.report import LINKS_LIMIT, code_for
from tipstaff.accounts.api import Pages, idempotent
from tipstaff.permissions import Permission
from tipstaff.time import now


class ReportSerializer(serializers.ModelSerializer[Report]):
    rule = serializers.SlugRelatedField(
        slug_field="code", queryset=Rule.objects.none(), required=False, allow_null=True, help_text="A rule's code."
    )
    links = serializers.ListField(child=serializers.URLField(max_length=1000), max_length=LINKS_LIMIT, required=False)
    good_faith = serializers.BooleanField(help_text="Must be true: the reporter believes this to be true and complete.")
    case: Any = serializers.SlugRelatedField(slug_field="ref", read_only=True)

    class Meta:
        model = Report
        fields = [
            "ref", "state", "rule", "description", "happened_on", "account", "links", "good_faith", "contact",
            "language", "received_at", "case",
        ]  # fmt: skip
        read_only_fields = ["ref", "state", "received_at", "case"]

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        fields["rule"].queryset = Rule.objects.in_force(now())
        return fields

    def validate_good_faith(self, value: bool) -> bool:
        if not value:
            raise serializers.ValidationError("A report is taken only in good faith.")
        return value

    def validate_happened_on(self, value: Any) -> Any:
        if value and value > now().date():
            raise serializers.ValidationError("That day has not come yet.")
        return value


class FiledReportSerializer(ReportSerializer):
    code = serializers.CharField(read_only=True, help_text="The receipt code for /follow/. Shown this once.")

    class Meta(ReportSerializer.Meta):
        fields = [*ReportSerializer.Meta.fields, "code"]


class ReportViewSet(mixins.RetrieveModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Report]):
    """Reports filed with this token."""

    lookup_field = "ref"
    serializer_class = ReportSerializer
    pagination_class = Pages
    queryset = Report.objects.none()
    scopes = {
        "create": Permission.REPORT_FILE,
        "retrieve": Permission.REPORT_VIEW,
        "list": Permission.REPORT_VIEW,
    }

    shown_once = {"code"}

    submission = ""

    def replayed(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """The first answer again. The receipt code is made anew: it is stored only as a hash."""
        typed: Any = request.data
        return body | {"code": code_for(self.submission, str(typed["description"]).strip())}

    def get_queryset(self) -> Any:
        return Report.objects.visible_to(self.request.auth).select_related("rule", "case")

    @extend_schema(request=ReportSerializer, responses={201: FiledReportSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """File a report. The receipt code in the answer lets a person follow it without the API."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        report, code = Report.draw(
            self.submission or str(uuid4()),
            **serializer.validated_data,
            channel=Report.Channel.API,
            token=request.auth.pk,
        )
        with transaction.atomic():
            report.file(actor=request.auth, files=[])
        return Response(self.get_serializer(report).data | {"code": code}, status=201)
