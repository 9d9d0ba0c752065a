"""Appeals at the machine's door: where each stands. What the person wrote, and what they were told, is theirs."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import mixins, serializers

from appeals.models import Appeal
from tipstaff.accounts.api import Account, Filters, Instant, Reading, Reference, Resource, Several
from tipstaff.permissions import Permission

READ: dict[str, Any] = {
    "ref": "A-0009",
    "state": "under_review",
    "decision": "D-0017",
    "report": None,
    "case": "C-0042",
    "subject": "acct_1",
    "ground": "too_harsh",
    "language": "en",
    "lodged_at": "2026-03-05T09:00:00Z",
    "taken_up_at": "2026-03-06T10:30:00Z",
    "due_at": "2026-03-19T09:00:00Z",
    "decided_at": None,
    "inadmissible_reason": "",
    "available": [],
}


@extend_schema_serializer(examples=[OpenApiExample("An appeal that is heard", value=READ, response_only=True)])
class AppealSerializer(Reading[Appeal]):
    """An appeal without what was written."""

    decision: Any = serializers.SlugRelatedField(
        slug_field="ref", read_only=True, allow_null=True, help_text="The decision contested."
    )
    report: Any = serializers.SlugRelatedField(
        slug_field="ref", read_only=True, allow_null=True, help_text="Or the report that was declined."
    )
    case: Any = serializers.SlugRelatedField(slug_field="ref", read_only=True, allow_null=True)
    subject = serializers.SerializerMethodField(help_text="The account that the decision is about.")

    class Meta:
        model = Appeal
        fields = [
            "ref", "state", "decision", "report", "case", "subject", "ground", "language", "lodged_at", "taken_up_at",
            "due_at", "decided_at", "inadmissible_reason", "available",
        ]  # fmt: skip
        read_only_fields = fields

    def get_subject(self, appeal: Appeal) -> str | None:
        return appeal.case.subject.external_id if appeal.case and appeal.case.subject else None


class AppealFilters(Filters):
    state = Several(Appeal.State.choices, source="state__in")
    ground = Several(Appeal.Ground.choices, source="ground__in")
    subject = Account(source="case__subject__external_id")
    decision = Reference("D", source="decision__ref")
    report = Reference("R", source="report__ref")
    case = Reference("C", source="case__ref")
    since = Instant(source="lodged_at__gte", help_text="Lodged at this time or later.")
    until = Instant(source="lodged_at__lt", help_text="Lodged before this time.")


class AppealViewSet(mixins.ListModelMixin, Resource[Appeal]):
    """Appeals against decisions, against declined reports and against what a reporter was told of their case. People
    hear them; what was written is not given out.
    """

    tag = "Appeals"
    serializer_class = AppealSerializer
    filters = AppealFilters
    queryset = Appeal.objects.none()
    scopes = {"retrieve": Permission.APPEAL_VIEW, "list": Permission.APPEAL_VIEW}

    def read(self, rows: Any) -> Any:
        return rows.select_related("decision", "report", "case__subject").only(
            "ref", "state", "ground", "language", "lodged_at", "taken_up_at", "due_at", "decided_at",
            "inadmissible_reason", "decision__ref", "report__ref", "case__ref", "case__subject__external_id",
        )  # fmt: skip
