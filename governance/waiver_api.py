"""Waivers at the machine's door: asking for one, and what holds for which account. People decide, in the committee.

A gateway asks what is in force for an account; what each permits in words stays with those who can compare it.
"""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_serializer
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from aup.api import Citation, RuleCode, citation
from aup.models import Rule
from governance.models import AISystem, Waiver
from governance.models.dossier import TEXT_LIMIT
from tipstaff.accounts.api import Account, Filters, Instant, NoFacts, Reading, Resource, SentFiles, Several, idempotent
from tipstaff.accounts.models import Subject
from tipstaff.permissions import Permission
from tipstaff.time import now

RULES_LIMIT, ACCOUNTS_LIMIT = 5, 50
COMPUTED = [("in_force", "In force"), ("pending", "Granted, not begun"), ("lapsed", "Lapsed"), ("expired", "Expired")]
ASKED: dict[str, Any] = {
    "kind": "permission",
    "exemption": "",
    "rules": ["SP-03"],
    "accounts": ["acct_1"],
    "system": None,
    "topic": "Scheduled posts for a public transport operator",
    "conduct": "Up to two hundred posts a day about delays, each from an approved template.",
    "purpose": "Passengers learn of delays in time.",
    "data_involved": "Timetables only, no personal data.",
    "safeguards": "A person starts each series, and one press ends it.",
    "jurisdictions": "Portugal",
    "residual_risk": "",
    "starts_on": "2026-04-01",
    "ends_on": "2026-07-31",
    "disclosure": "public",
    "disclosure_reason": "",
    "applicant_name": "Nadia Ferreira, Metro Lines",
    "contact": "nadia@metro.example",
    "language": "en",
    "files": ["01a2020d-0d4d-77ea-845f-998b4d326e7e"],
}
READ: dict[str, Any] = {
    "ref": "W-0005",
    "state": "granted",
    "standing": "in_force",
    "mine": True,
    "kind": "permission",
    "exemption": "",
    "rules": [{"code": "SP-03", "version": "2026.1"}],
    "accounts": ["acct_1"],
    "system": None,
    "starts_on": "2026-04-01",
    "ends_on": "2026-07-31",
    "conditions": ["A monthly count of the posts is sent to us."],
    "changes": "",
    "disclosure": "public",
    "submitted_at": "2026-03-20T09:00:00Z",
    "due_at": None,
    "decided_at": "2026-03-30T14:00:00Z",
    "available": [],
}


@extend_schema_serializer(examples=[OpenApiExample("A waiver in force", value=READ, response_only=True)])
class WaiverSerializer(Reading[Waiver]):
    """A waiver without what people wrote about it, but for the conditions on which it holds."""

    standing = serializers.SerializerMethodField(
        help_text="How it stands now: the state, or what follows from its days."
    )
    mine = serializers.SerializerMethodField(help_text="Whether this token asked for it.")
    rules = serializers.SerializerMethodField(help_text="The rules that it suspends.")
    accounts = serializers.SerializerMethodField(help_text="Whom it covers, with all that stands beneath them.")
    system: Any = serializers.SlugRelatedField(slug_field="ref", read_only=True, allow_null=True)
    changes = serializers.SerializerMethodField(help_text="What has to change; only for who asked for the waiver.")

    class Meta:
        model = Waiver
        fields = [
            "ref", "state", "standing", "mine", "kind", "exemption", "rules", "accounts", "system", "starts_on",
            "ends_on", "conditions", "changes", "disclosure", "submitted_at", "due_at", "decided_at", "available",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=[*COMPUTED, *Waiver.State.choices]))
    def get_standing(self, waiver: Waiver) -> str:
        return waiver.standing(self.context["at"])

    def get_mine(self, waiver: Waiver) -> bool:
        return waiver.token == self.context["request"].auth.pk

    @extend_schema_field(Citation(many=True))
    def get_rules(self, waiver: Waiver) -> list[dict[str, str]]:
        return [citation(rule) for rule in sorted(waiver.rules.all(), key=lambda rule: rule.cite)]

    def get_accounts(self, waiver: Waiver) -> list[str]:
        return sorted(subject.external_id for subject in waiver.beneficiaries.all())

    def get_changes(self, waiver: Waiver) -> str:
        return waiver.changes if self.get_mine(waiver) else ""


def _named(field: str, wanted: list[str], known: dict[str, Any]) -> list[Any]:
    """The records that `wanted` names, each once; the first one that is not `known` is refused by its name."""
    if unknown := [name for name in wanted if name not in known]:
        raise serializers.ValidationError({field: [f"We know no “{unknown[0]}”."]})
    return [known[name] for name in dict.fromkeys(wanted)]


@extend_schema_serializer(examples=[OpenApiExample("A request", value=ASKED)])
class WaiverRequest(serializers.ModelSerializer[Waiver]):
    """What is asked for. Everything that a person would be asked on the form, with accounts by their ids."""

    rules = serializers.ListField(
        child=serializers.CharField(max_length=10),
        min_length=1,
        max_length=RULES_LIMIT,
        help_text="Codes, in force now.",
    )
    accounts = serializers.ListField(
        child=serializers.CharField(max_length=120),
        min_length=1,
        max_length=ACCOUNTS_LIMIT,
        help_text="Ids of accounts that are known here.",
    )
    system: Any = serializers.CharField(
        required=False, allow_null=True, max_length=20, help_text="The reference of the AI system, if it is about one."
    )
    starts_on = serializers.DateField(help_text="It holds from the day of the answer at the earliest.")
    ends_on = serializers.DateField(help_text="Every waiver ends, after a year at the latest.")
    files: Any = SentFiles()

    class Meta:
        model = Waiver
        fields = list(ASKED)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        codes, ids = [code.upper() for code in attrs["rules"]], attrs["accounts"]
        rules = {rule.code: rule for rule in Rule.objects.in_force(now()).filter(code__in=codes)}
        subjects = {subject.external_id: subject for subject in Subject.objects.filter(external_id__in=ids)}
        systems = {system.ref: system for system in AISystem.objects.standing().filter(ref=attrs.get("system"))}
        found = attrs | {"rules": _named("rules", codes, rules), "beneficiaries": _named("accounts", ids, subjects)}
        system = _named("system", [attrs["system"]] if attrs.get("system") else [], systems)
        return found | {"accounts": ", ".join(dict.fromkeys(ids))[:500], "system": system[0] if system else None}


@extend_schema_serializer(
    examples=[
        OpenApiExample("An answer", value={"answer": "The two templates follow.", "conduct": "Ninety posts a day."})
    ]
)
class WaiverAnswer(serializers.Serializer[Any]):
    answer = serializers.CharField(max_length=TEXT_LIMIT, help_text="To what has to change.")
    conduct = serializers.CharField(max_length=TEXT_LIMIT, required=False)
    purpose = serializers.CharField(max_length=TEXT_LIMIT, required=False)
    data_involved = serializers.CharField(max_length=TEXT_LIMIT, required=False)
    safeguards = serializers.CharField(max_length=TEXT_LIMIT, required=False)
    jurisdictions = serializers.CharField(max_length=300, required=False)
    residual_risk = serializers.CharField(max_length=TEXT_LIMIT, required=False, allow_blank=True)
    files: Any = SentFiles()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {"files": [], **attrs}


class WaiverFilters(Filters):
    state = Several(Waiver.State.choices, source="state__in")
    kind = Several(Waiver.Kind.choices, source="kind__in")
    in_force = serializers.BooleanField(required=False, help_text="Whether it holds now.")
    mine = serializers.BooleanField(required=False, help_text="Whether this token asked for it.")
    subject = Account(help_text="What covers this account, itself or through one that it stands beneath.")
    rule = RuleCode()
    since = Instant(source="submitted_at__gte", help_text="Submitted at this time or later.")
    until = Instant(source="submitted_at__lt", help_text="Submitted before this time.")

    def narrow(self, rows: Any, at: datetime) -> Any:
        given = self.validated_data
        if "in_force" in given:
            holding = Waiver.objects.in_force(at).values("pk")
            rows = rows.filter(pk__in=holding) if given.pop("in_force") else rows.exclude(pk__in=holding)
        if "mine" in given:
            own = self.context["token"].pk
            rows = rows.filter(token=own) if given.pop("mine") else rows.exclude(token=own)
        if "subject" in given:
            rows = rows.benefiting(Subject.objects.filter(external_id=given.pop("subject")).first())
        if "rule" in given:
            rows = rows.naming(given.pop("rule"))
        return super().narrow(rows, at)


class WaiverViewSet(mixins.ListModelMixin, Resource[Waiver]):
    """Waivers and permissions. A gateway asks `?in_force=true&subject=…&rule=…`; conduct outside of what was permitted
    is no less a breach, and a person compares.
    """

    tag = "Waivers"
    serializer_class = WaiverSerializer
    filters = WaiverFilters
    queryset = Waiver.objects.none()
    scopes = {
        "create": Permission.WAIVER_REQUEST,
        "retrieve": (Permission.WAIVER_VIEW, Permission.WAIVER_REQUEST),
        "list": (Permission.WAIVER_VIEW, Permission.WAIVER_REQUEST),
    }
    acts = {"answer": WaiverAnswer, "withdraw": NoFacts}

    def read(self, rows: Any) -> Any:
        return rows.select_related("system").prefetch_related("rules", "beneficiaries", "spells")

    @extend_schema(request=WaiverRequest, responses={201: WaiverSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Ask for a waiver. The contact gets the receipt by mail, with the link by which a person follows it."""
        asked = WaiverRequest(data=request.data, context=self.get_serializer_context())
        asked.is_valid(raise_exception=True)
        token: Any = request.auth
        waiver = Waiver.ask(actor=token, token=token.pk, **asked.validated_data)
        return Response(self.get_serializer(self.get_queryset().get(pk=waiver.pk)).data, status=201)
