"""The provider's accounts, under the provider's own ids."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework.request import Request
from rest_framework.response import Response

from tipstaff.accounts.api.filters import ACCOUNT
from tipstaff.accounts.api.named import Named
from tipstaff.accounts.api.resources import Reading, Resource
from tipstaff.accounts.models import Subject
from tipstaff.permissions import Permission

EXAMPLE = {
    "external_id": "ws_north",
    "kind": "workspace",
    "parent": "org_42",
    "name": "North",
    "contact": "north@customer.example",
    "language": "en",
}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A workspace",
            value=EXAMPLE
            | {
                "available": [
                    {
                        "operation": "amend",
                        "method": "PUT",
                        "url": "https://desk.example/api/v1/subjects/ws_north/",
                    }
                ]
            },
            response_only=True,
        ),
        OpenApiExample(
            "A workspace",
            value={name: value for name, value in EXAMPLE.items() if name != "external_id"},
            request_only=True,
        ),
    ]
)
class SubjectSerializer(Reading[Subject]):
    """An account of the provider."""

    parent: Any = Named(
        slug_field="external_id", queryset=Subject.objects.all(), required=False, allow_null=True, default=None
    )

    class Meta:
        model = Subject
        fields = ["external_id", "kind", "parent", "name", "contact", "language", "available"]
        read_only_fields = ["external_id"]


LEFT_OUT = {"kind": Subject.Kind.END_USER, "name": "", "contact": "", "language": "en"}  # a PUT is the whole account


class SubjectViewSet(Resource[Subject]):
    """One of the provider's accounts, by the provider's own id."""

    tag = "Accounts"
    lookup_field = "external_id"
    lookup_value_regex = ACCOUNT.pattern
    serializer_class = SubjectSerializer
    queryset = Subject.objects.none()
    scopes = {"retrieve": Permission.SUBJECT_VIEW, "update": Permission.SUBJECT_WRITE}
    written = {"amend": "PUT"}

    def read(self, rows: Any) -> Any:
        return rows.select_related("parent")

    @extend_schema(responses={200: SubjectSerializer, 201: SubjectSerializer})
    def update(self, request: Request, external_id: str) -> Response:
        """Make the account known, or replace what is known about it: what is left out is not kept."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        token: Any = request.auth
        columns = LEFT_OUT | serializer.validated_data
        subject, created = Subject.resolve(external_id, actor=token, **columns)
        if not created:
            subject.amend(actor=token, **columns)
        return Response(self.get_serializer(subject).data, status=201 if created else 200)
