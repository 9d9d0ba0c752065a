"""Sanctions: what the provider's gateway enforces, and its word that it did. It decides nothing: what is in force
follows from what people decided and from stored times.
"""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import mixins, serializers

from aup.api import Citation, RuleCode, citation
from cases.models import Sanction
from cases.models.effect import Acknowledged, Confirmation, Effect
from cases.models.sanction import DETAIL_LIMIT
from tipstaff.accounts.api import Account, Filters, Instant, Reading, Reference, Resource, Several
from tipstaff.permissions import Permission

SIGHT = (Permission.SANCTION_ACKNOWLEDGE, Permission.CASE_VIEW)
READ = {
    "ref": "S-0021",
    "kind": "temporary_suspension",
    "effect": "in_force",
    "subject": "acct_1",
    "case": "C-0042",
    "decision": "D-0017",
    "interim": False,
    "rule": {"code": "SP-03", "version": "2026.1"},
    "terms": {"scope": "account"},
    "starts_at": "2026-03-03T15:10:00Z",
    "ends_at": "2026-03-10T15:10:00Z",
    "ended_at": None,
    "confirmation": "confirmed",
    "acknowledged": {"effect": "applied", "detail": "Keys disabled.", "at": "2026-03-03T15:10:04Z"},
    "available": [
        {
            "operation": "acknowledge",
            "method": "POST",
            "url": "https://desk.example/api/v1/sanctions/S-0021/acknowledge/",
        }
    ],
}


class Word(serializers.Serializer[Any]):
    effect = serializers.ChoiceField(choices=Acknowledged.choices)
    detail = serializers.CharField()
    at = serializers.DateTimeField()


@extend_schema_serializer(examples=[OpenApiExample("A suspension in force", value=READ, response_only=True)])
class SanctionSerializer(Reading[Sanction]):
    """A measure, its effect now, and what a gateway said of it."""

    effect = serializers.SerializerMethodField(help_text="What it does now.")
    subject: Any = serializers.SlugRelatedField(slug_field="external_id", read_only=True, help_text="The account.")
    case: Any = serializers.SlugRelatedField(slug_field="ref", read_only=True)
    decision: Any = serializers.SlugRelatedField(
        slug_field="ref", read_only=True, allow_null=True, help_text="Null for an interim measure."
    )
    interim = serializers.SerializerMethodField(
        help_text="Whether it was imposed before a decision: it ends by itself, and is no finding."
    )
    rule = serializers.SerializerMethodField()
    confirmation = serializers.SerializerMethodField(
        help_text="Whether a gateway said that it did what the effect asks."
    )
    acknowledged = serializers.SerializerMethodField(help_text="What a gateway said last; null until one did.")

    class Meta:
        model = Sanction
        fields = [
            "ref", "kind", "effect", "subject", "case", "decision", "interim", "rule", "terms", "starts_at", "ends_at",
            "ended_at", "confirmation", "acknowledged", "available",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=Effect.choices))
    def get_effect(self, sanction: Sanction) -> str:
        return sanction.effect(self.context["at"])

    def get_interim(self, sanction: Sanction) -> bool:
        return sanction.decision_id is None

    @extend_schema_field(Citation)
    def get_rule(self, sanction: Sanction) -> dict[str, str]:
        return citation((sanction.decision or sanction.case).rule)

    @extend_schema_field(serializers.ChoiceField(choices=Confirmation.choices))
    def get_confirmation(self, sanction: Sanction) -> str:
        return sanction.confirmation(self.context["at"])

    @extend_schema_field(Word(allow_null=True))
    def get_acknowledged(self, sanction: Sanction) -> dict[str, Any] | None:
        if not sanction.acknowledged_effect:
            return None
        said = {"effect": sanction.acknowledged_effect, "detail": sanction.acknowledged_detail}
        return dict(Word(said | {"at": sanction.acknowledged_at}).data)


@extend_schema_serializer(
    examples=[
        OpenApiExample("Applied", value={"effect": "applied", "detail": "Keys disabled."}),
        OpenApiExample("The end was carried out", value={"effect": "ended"}),
        OpenApiExample("It did not work", value={"effect": "failed", "detail": "The key service did not answer."}),
    ]
)
class Acknowledgement(serializers.Serializer[Any]):
    effect = serializers.ChoiceField(
        choices=Acknowledged.choices, help_text="`applied` while it is in force, `ended` once it is over, or `failed`."
    )
    detail = serializers.CharField(
        max_length=DETAIL_LIMIT, required=False, allow_blank=True, help_text="For staff. Nothing personal, please."
    )


class SanctionFilters(Filters):
    effect = Several(Effect.choices)
    in_force = serializers.BooleanField(required=False, help_text="Whether it limits the account now.")
    confirmation = Several(Confirmation.choices, help_text="`awaited` and `failed` are what a gateway still has to do.")
    kind = Several(Sanction.Kind.choices, source="kind__in")
    subject = Account(source="subject__external_id")
    case = Reference("C", source="case__ref")
    decision = Reference("D", source="decision__ref")
    interim = serializers.BooleanField(
        source="decision__isnull", required=False, help_text="Whether it was imposed before a decision."
    )
    rule = RuleCode(source="decision__rule__code")
    since = Instant(source="starts_at__gte", help_text="Begins at this time or later.")
    until = Instant(source="starts_at__lt", help_text="Begins before this time.")

    def narrow(self, rows: Any, at: datetime) -> Any:
        given = self.validated_data
        if "effect" in given:
            rows = rows.with_effect(given.pop("effect"), at)
        if "in_force" in given:
            wanted = {Effect.IN_FORCE} if given.pop("in_force") else set(Effect) - {Effect.IN_FORCE}
            rows = rows.with_effect(wanted, at)
        if "confirmation" in given:
            rows = rows.with_confirmation(given.pop("confirmation"), at)
        return super().narrow(rows, at)


class SanctionViewSet(mixins.ListModelMixin, Resource[Sanction]):
    """What decisions imposed. A gateway asks `?in_force=true&subject=…` before it serves an account, works through
    `?confirmation=awaited&confirmation=failed`, and says of each what became of it.
    """

    tag = "Sanctions"
    serializer_class = SanctionSerializer
    filters = SanctionFilters
    queryset = Sanction.objects.none()
    scopes = {"retrieve": SIGHT, "list": SIGHT}
    acts = {"acknowledge": Acknowledgement}

    def read(self, rows: Any) -> Any:
        return rows.select_related("case__rule", "decision__rule", "subject").only(
            "ref", "state", "kind", "terms", "starts_at", "ends_at", "ended_at", "acknowledged_effect",
            "acknowledged_detail", "acknowledged_at", "case__ref", "case__rule__cite", "decision__ref",
            "decision__rule__cite",
            "subject__external_id",
        )  # fmt: skip
