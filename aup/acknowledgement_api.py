"""Acknowledgements from the provider's own pages: one step of signing up, recorded for each account and version."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from aup.api import VersionNumber
from aup.models import Acknowledgement, PolicyVersion
from aup.models.acknowledgement import LINK_DAYS, SIGNATORY_LIMIT, still_binds, token_for
from tipstaff.accounts.api import IDEMPOTENCY_KEY, Account, Filters, Instant, Named, Reading, Resource, idempotent
from tipstaff.accounts.models import Subject
from tipstaff.permissions import Permission
from tipstaff.time import now

SENT = {"account": "org_42", "version": "1.0", "signatory": "user_7", "language": "en"}
READ = {
    "id": "0198c9b2-6f5e-7c11-a3a6-2a4f6a0c9f10",
    **SENT,
    "means": "api",
    "given_at": "2026-03-02T08:15:00Z",
    "available": [],
}


class KnownAccount(Named):
    """An account by the provider's own id; one that we do not know is refused, not made."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", "The account, by the provider's own id. Make it known first.")
        message = "There is no account {value}. Make it known first: PUT /api/v1/subjects/."
        if not options.get("read_only"):
            options.setdefault("queryset", Subject.objects.all())
        super().__init__(slug_field="external_id", error_messages={"does_not_exist": message}, **options)


@extend_schema_serializer(
    component_name="PolicyAcknowledgement",
    examples=[
        OpenApiExample("An account read the policy", value=SENT, request_only=True),
        OpenApiExample("An acknowledgement", value=READ, response_only=True),
    ],
)
class AcknowledgementSerializer(Reading[Acknowledgement]):
    """That an account read a version of the policy."""

    account: Any = KnownAccount(source="subject")
    version: Any = Named(
        slug_field="number",
        queryset=PolicyVersion.objects.published(),
        required=False,
        help_text="The number of the version that was shown. Left out: the one in force.",
        error_messages={"does_not_exist": "No version {value} was published."},
    )
    signatory = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=SIGNATORY_LIMIT,
        help_text="Who clicked, as your own system names them. Better an id than a name.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        version = attrs.get("version") or PolicyVersion.objects.in_force(self.context["at"])
        if version is None:
            raise serializers.ValidationError({"version": "No policy is in force yet."})
        if refusal := still_binds(Acknowledgement(version=version), self.context["request"].auth):
            raise serializers.ValidationError({"version": refusal})
        return attrs | {"version": version}

    class Meta:
        model = Acknowledgement
        fields = ["id", "account", "version", "signatory", "language", "means", "given_at", "available"]
        read_only_fields = ["id", "means", "given_at"]
        validators: list[Any] = []  # twice for one version is no mistake


class AcknowledgementFilters(Filters):
    account = Account(source="subject__external_id")
    version = VersionNumber(source="version__number")
    since = Instant(source="given_at__gte", help_text="Given at this time or later.")
    until = Instant(source="given_at__lt", help_text="Given before this time.")


@extend_schema_serializer(examples=[OpenApiExample("An account", value={"account": "org_42"})])
class LinkRequest(serializers.Serializer[Any]):
    """Whose page it is to be."""

    account = KnownAccount()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A link",
            value={
                "url": "https://desk.example/policy/acknowledge/0198c9b26f5e.1772445300.pD5n/",
                "expires_at": "2026-04-01T08:15:00Z",
            },
            response_only=True,
        )
    ]
)
class Link(serializers.Serializer[Any]):
    """A page of ours on which an account acknowledges."""

    url = serializers.URLField(help_text="The page on which the account acknowledges. Whoever has it speaks for it.")
    expires_at = serializers.DateTimeField()


class AcknowledgementViewSet(mixins.ListModelMixin, Resource[Acknowledgement]):
    """Which accounts acknowledged which version. Before you let an account build, ask `?account=…&version=…`."""

    tag = "Acknowledgements"
    lookup_field = "id"
    lookup_value_regex = r"[0-9a-f-]{36}"
    serializer_class = AcknowledgementSerializer
    filters = AcknowledgementFilters
    queryset = Acknowledgement.objects.none()
    scopes = {
        "create": Permission.ACKNOWLEDGEMENT_GIVE,
        "link": Permission.ACKNOWLEDGEMENT_GIVE,
        "retrieve": Permission.ACKNOWLEDGEMENT_VIEW,
        "list": Permission.ACKNOWLEDGEMENT_VIEW,
    }
    shown_once = {"url"}

    def read(self, rows: Any) -> Any:
        return rows.filter(subject__isnull=False).select_related("subject", "version").only(
            "id", "signatory", "language", "means", "given_at", "subject__external_id", "version__number"
        )  # fmt: skip

    @extend_schema(
        request=AcknowledgementSerializer,
        responses={200: AcknowledgementSerializer, 201: AcknowledgementSerializer},
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """Record that an account read a version. A second time for the same version changes nothing (200)."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        columns = serializer.validated_data
        version = columns.pop("version")
        subject = columns.pop("subject")
        token: Any = request.auth
        given, new = Acknowledgement.given(version, subject, actor=token, means=Acknowledgement.Means.API, **columns)
        return Response(self.get_serializer(given).data, status=201 if new else 200)

    @extend_schema(request=LinkRequest, responses={200: Link}, parameters=[IDEMPOTENCY_KEY])
    @action(detail=False, methods=["post"])
    @idempotent
    def link(self, request: Request) -> Response:
        """Make the address of a page of ours on which the account itself acknowledges what is in force."""
        wish = LinkRequest(data=request.data)
        wish.is_valid(raise_exception=True)
        return Response(_link(wish.validated_data["account"]))

    def replayed(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """The first answer again; a link is made anew, because none is stored."""
        if self.action != "link":
            return body
        wish = LinkRequest(data=request.data)
        wish.is_valid(raise_exception=True)
        return _link(wish.validated_data["account"])


def _link(subject: Subject) -> dict[str, Any]:
    address = reverse("aup:acknowledge_by_link", args=[token_for(subject)])
    ends = now() + timedelta(days=LINK_DAYS)
    return dict(Link({"url": f"{settings.BASE_URL}{address}", "expires_at": ends}).data)
