"""Issued decisions: what was held, under which rule, how it was graded, and whether it still stands. Without the texts:
the reasons are written to the account holder, and the names of those who decided are nobody else's.
"""

from typing import Any

from django.db.models import Prefetch
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import mixins, serializers

from aup.api import Citation, RuleCode, citation
from cases.api.parts import SeverityFilters, refs
from cases.models import Decision, Sanction
from tipstaff.accounts.api import Account, Instant, Reading, Reference, Resource, Several
from tipstaff.permissions import Permission

FINAL = [
    choice for choice in Decision.State.choices if choice[0] not in {"proposed", "confirmed", "returned", "withdrawn"}
]
READ = {
    "ref": "D-0017",
    "state": "issued",
    "stands": True,
    "case": "C-0042",
    "subject": "acct_1",
    "outcome": "breach",
    "rule": {"code": "SP-03", "version": "2026.1"},
    "conduct_at": "2026-03-01T22:00:00Z",
    "intent": "negligent",
    "sensitivity": "personal",
    "severity": 3,
    "recurrence": "first",
    "factors": [],
    "recommended_tier": "T4",
    "tier": "T4",
    "detection": "partial",
    "sources": ["notice", "machine"],
    "legal_ground": "",
    "proposed_at": "2026-03-03T14:00:00Z",
    "confirmed_at": None,
    "issued_at": "2026-03-03T15:10:00Z",
    "contested_at": None,
    "settled_at": None,
    "sanctions": ["S-0021", "S-0022"],
    "available": [],
}


@extend_schema_serializer(examples=[OpenApiExample("A breach", value=READ, response_only=True)])
class DecisionSerializer(Reading[Decision]):
    """An issued decision without its texts and without names."""

    state = serializers.ChoiceField(choices=FINAL, read_only=True)
    stands = serializers.BooleanField(read_only=True, help_text="False once it was reversed or replaced.")
    case: Any = serializers.SlugRelatedField(slug_field="ref", read_only=True)
    subject = serializers.SerializerMethodField(help_text="The account; null where the system itself misbehaved.")
    rule = serializers.SerializerMethodField(help_text="As it stood when the conduct happened.")
    tier = serializers.CharField(
        source="effective_tier",
        read_only=True,
        help_text="The one that holds, after an appeal too; empty without a breach.",
    )
    sanctions = serializers.SerializerMethodField()

    class Meta:
        model = Decision
        fields = [
            "ref", "state", "stands", "case", "subject", "outcome", "rule", "conduct_at", "intent", "sensitivity",
            "severity", "recurrence", "factors", "recommended_tier", "tier", "detection", "sources",
            "legal_ground", "proposed_at", "confirmed_at", "issued_at", "contested_at", "settled_at", "sanctions",
            "available",
        ]  # fmt: skip
        read_only_fields = fields

    def get_subject(self, decision: Decision) -> str | None:
        return decision.case.subject.external_id if decision.case.subject else None

    @extend_schema_field(Citation)
    def get_rule(self, decision: Decision) -> dict[str, str]:
        return citation(decision.rule)

    def get_sanctions(self, decision: Decision) -> list[str]:
        return refs(decision.sanctions.all())


class DecisionFilters(SeverityFilters):
    state = Several(FINAL, source="state__in")
    outcome = Several(Decision.Outcome.choices, source="outcome__in")
    subject = Account(source="case__subject__external_id")
    case = Reference("C", source="case__ref")
    rule = RuleCode(source="rule__code")
    since = Instant(source="issued_at__gte", help_text="Issued at this time or later.")
    until = Instant(source="issued_at__lt", help_text="Issued before this time.")


class DecisionViewSet(mixins.ListModelMixin, Resource[Decision]):
    """Decisions that were issued. A proposal is between people and is not given out."""

    tag = "Decisions"
    serializer_class = DecisionSerializer
    filters = DecisionFilters
    queryset = Decision.objects.none()
    scopes = {"retrieve": Permission.CASE_VIEW, "list": Permission.CASE_VIEW}

    def read(self, rows: Any) -> Any:
        return (
            rows.select_related("case__subject", "rule")
            .only(
                "ref", "state", "outcome", "conduct_at", "intent", "sensitivity", "severity", "recurrence", "factors",
                "recommended_tier", "tier", "varied_tier", "detection", "sources", "legal_ground",
                "proposed_at", "confirmed_at", "issued_at",
                "contested_at", "settled_at", "case__ref", "case__subject__external_id", "rule__cite",
            )
            .prefetch_related(Prefetch("sanctions", Sanction.objects.only("ref", "decision_id")))
        )  # fmt: skip
