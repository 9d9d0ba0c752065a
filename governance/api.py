"""AI systems and controls at the machine's door, to be read: an access control that wants to know what a system may do
takes its answers from here, and a board takes how its rules stand.
"""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.functional import cached_property
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import mixins, serializers

from aup.api import RuleCode
from aup.models import Rule
from governance.coverage import CONTROL_TEXTS, Coverage, Survey
from governance.models import AISystem, Control
from tipstaff.accounts.api import Filters, Reading, Reference, Resource, Several
from tipstaff.permissions import Permission

SYSTEM: dict[str, Any] = {
    "ref": "M-0003",
    "state": "approved",
    "name": "Order assistant",
    "purpose": "Answers questions about orders and starts refunds within limits.",
    "modalities": ["text"],
    "channel": "interface",
    "geographies": ["EU", "GB"],
    "risk_class": "limited",
    "answers": {
        "users": "Customers of the shops, minors too.",
        "data": "Order numbers and delivery status.",
        "retention": "Prompts for 30 days. Nothing trains a model.",
        "decisions": "Refunds up to 40 euros.",
        "human_review": "Refunds above 40 euros, by a service lead.",
        "actions": "It starts refunds and sends mail.",
        "limits": "nothing further",
        "failure": "The switch in the console; the service lead on call.",
    },
    "unanswered": [],
    "approved_at": "2026-03-02T08:30:00Z",
    "retired_at": None,
    "coverage": {"gap": 6, "undocumented": 0, "weak": 3, "enforced": 64},
    "controls": ["K-0011", "K-0012"],
    "available": [],
}
CONTROL: dict[str, Any] = {
    "ref": "K-0011",
    "state": "active",
    "system": "M-0003",
    "name": "Posts per account and hour",
    "kind": "rate_limit",
    "stage": "runtime",
    "mode": "technical",
    "rules": ["SP-01", "SP-03"],
    "recorded_at": "2026-03-02T09:00:00Z",
    "last_verified_at": "2026-03-04T14:00:00Z",
    "verified_until": "2026-08-31T14:00:00Z",
    "failed_at": None,
    "retired_at": None,
    "available": [],
}


class Standing(serializers.Serializer[Any]):
    gap = serializers.IntegerField(help_text="Rules whose only control is the policy itself.")
    undocumented = serializers.IntegerField(help_text="Rules of which nobody can tell: the system lacks answers.")
    weak = serializers.IntegerField(help_text="Rules whose controls rest on people or were not verified in time.")
    enforced = serializers.IntegerField(help_text="Rules that a machine enforces, verified in time.")


@extend_schema_serializer(examples=[OpenApiExample("An approved system", value=SYSTEM, response_only=True)])
class AISystemSerializer(Reading[AISystem]):
    """A system with what it said about itself, and how the rules that apply to it stand now."""

    modalities = serializers.ListField(child=serializers.ChoiceField(choices=AISystem.Modality.choices))
    answers = serializers.DictField(child=serializers.CharField(), help_text="To the intake questions, by their key.")
    unanswered = serializers.SerializerMethodField(help_text="Keys of the questions without an answer.")
    coverage = serializers.SerializerMethodField(help_text="How many rules there are of each result.")
    controls = serializers.SerializerMethodField(help_text="Those in use.")

    class Meta:
        model = AISystem
        fields = [
            "ref", "state", "name", "purpose", "modalities", "channel", "geographies", "risk_class", "answers",
            "unanswered", "approved_at", "retired_at", "coverage", "controls", "available",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_unanswered(self, system: AISystem) -> list[str]:
        return [question.key for question in system.unanswered]

    @extend_schema_field(Standing)
    def get_coverage(self, system: AISystem) -> dict[str, int]:
        here = [] if system.state == AISystem.State.RETIRED else [system]
        view = self.context["view"]
        tally = Survey(here, view.rules, list(system.controls.all()), self.context["at"]).tally()
        return {str(result): tally.counts[result] for result in Coverage}

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_controls(self, system: AISystem) -> list[str]:
        return [control.ref for control in system.controls.all()]


class AISystemFilters(Filters):
    state = Several(AISystem.State.choices, source="state__in")
    channel = Several(AISystem.Channel.choices, source="channel__in")
    risk_class = Several(AISystem.Risk.choices, source="risk_class__in")


class AISystemViewSet(mixins.ListModelMixin, Resource[AISystem]):
    """AI systems: what each is for and may do, and how well the rules that apply to it are enforced."""

    tag = "Systems"
    serializer_class = AISystemSerializer
    filters = AISystemFilters
    queryset = AISystem.objects.none()
    scopes = {"retrieve": Permission.SYSTEM_VIEW, "list": Permission.SYSTEM_VIEW}

    @cached_property
    def rules(self) -> list[Rule]:
        """The rules in force, read once for the whole answer."""
        facts = Rule.objects.in_force(self.at)
        return list(facts.only("code", "disposition", "enabled", "modalities", "audience", "jurisdictions"))

    def read(self, rows: Any) -> Any:
        in_use = Control.objects.filter(state=Control.State.ACTIVE).order_by("id")
        return rows.prefetch_related(Prefetch("controls", in_use.defer(*CONTROL_TEXTS)))


@extend_schema_serializer(examples=[OpenApiExample("A verified control", value=CONTROL, response_only=True)])
class ControlSerializer(Reading[Control]):
    """A control without who recorded or verified it."""

    system: Any = serializers.SlugRelatedField(slug_field="ref", read_only=True)
    verified_until = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Until when its verification counts."
    )

    class Meta:
        model = Control
        fields = [
            "ref", "state", "system", "name", "kind", "stage", "mode", "rules", "recorded_at", "last_verified_at",
            "verified_until", "failed_at", "retired_at", "available",
        ]  # fmt: skip
        read_only_fields = fields


class ControlFilters(Filters):
    state = Several(Control.State.choices, source="state__in")
    stage = Several(Control.Stage.choices, source="stage__in")
    mode = Several(Control.Mode.choices, source="mode__in")
    system = Reference("M", source="system__ref")
    rule = RuleCode()

    def narrow(self, rows: QuerySet[Any], at: Any) -> QuerySet[Any]:
        code = self.validated_data.pop("rule", "")
        return super().narrow(rows.covering(code) if code else rows, at)  # type: ignore[attr-defined]


class ControlViewSet(mixins.ListModelMixin, Resource[Control]):
    """Controls: what makes a system follow which rules, how, and when somebody last looked."""

    tag = "Controls"
    serializer_class = ControlSerializer
    filters = ControlFilters
    queryset = Control.objects.none()
    scopes = {"retrieve": Permission.SYSTEM_VIEW, "list": Permission.SYSTEM_VIEW}

    def read(self, rows: Any) -> Any:
        return rows.select_related("system").only(
            "ref", "state", "name", "kind", "stage", "mode", "rules", "recorded_at", "last_verified_at", "failed_at",
            "retired_at", "system__ref",
        )  # fmt: skip
