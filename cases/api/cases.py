"""Cases, as far as a machine needs them: which account, which rule, how severe, where it stands. No texts, no names."""

from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Prefetch, Subquery
from django.db.models.functions import Coalesce
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import mixins, serializers

from aup.api import Citation, RuleCode, citation
from cases.api.parts import SeverityFilters, refs
from cases.models import Case, Decision, Report, Sanction
from tipstaff.accounts.api import Account, Instant, Reading, Resource, Several
from tipstaff.permissions import Permission

READ = {
    "ref": "C-0042",
    "state": "decided",
    "behaviour": "human",
    "subject": "acct_1",
    "system": None,
    "rule": {"code": "SP-03", "version": "2026.1"},
    "rule_group": "SP",
    "severity": 3,
    "opened_at": "2026-03-02T08:30:00Z",
    "due_at": None,
    "decided_at": "2026-03-03T15:10:00Z",
    "report_count": 4,
    "decisions": ["D-0017"],
    "sanctions": ["S-0021", "S-0022"],
    "available": [],
}


@extend_schema_serializer(examples=[OpenApiExample("A decided case", value=READ, response_only=True)])
class CaseSerializer(Reading[Case]):
    """A case without what people wrote in it."""

    subject: Any = serializers.SlugRelatedField(
        slug_field="external_id",
        read_only=True,
        allow_null=True,
        help_text="The account; null where the system itself misbehaved.",
    )
    system: Any = serializers.SlugRelatedField(
        slug_field="ref",
        read_only=True,
        allow_null=True,
        help_text="The AI system that did it by itself, where that is known; null where an account did it.",
    )
    rule = serializers.SerializerMethodField(help_text="The rule alleged, as in force then.")
    report_count = serializers.IntegerField(read_only=True)
    decisions = serializers.SerializerMethodField(help_text="Those that were issued.")
    sanctions = serializers.SerializerMethodField()

    class Meta:
        model = Case
        fields = [
            "ref", "state", "behaviour", "subject", "system", "rule", "rule_group", "severity", "opened_at", "due_at",
            "decided_at", "report_count", "decisions", "sanctions", "available",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(Citation)
    def get_rule(self, case: Case) -> dict[str, str]:
        return citation(case.rule)

    def get_decisions(self, case: Case) -> list[str]:
        return refs(case.decisions.all())

    def get_sanctions(self, case: Case) -> list[str]:
        return refs(case.sanctions.all())


class CaseFilters(SeverityFilters):
    state = Several(Case.State.choices, source="state__in")
    behaviour = Several(Case.Behaviour.choices, source="behaviour__in")
    subject = Account(source="subject__external_id")
    rule = RuleCode(source="rule__code")
    since = Instant(source="opened_at__gte", help_text="Opened at this time or later.")
    until = Instant(source="opened_at__lt", help_text="Opened before this time.")


class CaseViewSet(mixins.ListModelMixin, Resource[Case]):
    """Cases: one account or what a system did, one group of rules, and where it stands. What people wrote in them is
    not given out.
    """

    tag = "Cases"
    serializer_class = CaseSerializer
    filters = CaseFilters
    queryset = Case.objects.none()
    scopes = {"retrieve": Permission.CASE_VIEW, "list": Permission.CASE_VIEW}

    def read(self, rows: Any) -> Any:
        reports = Report.objects.filter(case=OuterRef("pk")).order_by().values("case").annotate(many=Count("pk"))
        issued = Decision.objects.visible_to(self.request.auth).only("ref", "case_id")
        return (
            rows.select_related("subject", "system", "rule")
            .only(
                "ref", "state", "behaviour", "rule_group", "severity", "opened_at", "due_at", "decided_at",
                "subject__external_id", "system__ref", "rule__cite",
            )
            .annotate(report_count=Coalesce(Subquery(reports.values("many"), output_field=IntegerField()), 0))
            .prefetch_related(
                Prefetch("decisions", issued), Prefetch("sanctions", Sanction.objects.only("ref", "case_id"))
            )
        )  # fmt: skip
