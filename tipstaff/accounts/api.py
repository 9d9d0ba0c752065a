"""The machine's door: idempotent POSTs, and the provider's accounts."""

import functools
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, mixins, serializers, viewsets
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from tipstaff.accounts.models import IdempotentRequest, Subject
from tipstaff.accounts.tokens import TokenAuthentication
from tipstaff.permissions import Permission
from tipstaff.time import now

KEY_DAYS = 2  # how long an Idempotency-Key is remembered


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Any text of up to 200 characters. A repeat within two days gets the first answer again.",
)


def idempotent(act: Callable[..., Response]) -> Callable[..., Response]:
    """Answer a repeated `Idempotency-Key` with the first answer; the same key with another body is refused (422). The
    view finds in `self.submission` what the first request and its repeats have in common.
    """

    @functools.wraps(act)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            return act(view, request, *args, **kwargs)
        if len(key) > 200:
            raise exceptions.ValidationError({"Idempotency-Key": ["Use at most 200 characters."]})
        fingerprint = hashlib.sha256(
            json.dumps([request.path, request.data], sort_keys=True, default=str).encode()
        ).hexdigest()
        with transaction.atomic():
            kept = _claim(request.auth, key, fingerprint)
            view.submission = f"{request.auth.pk}:{kept.pk}"
            if kept.status is None:
                response = act(view, request, *args, **kwargs)
                body = {name: value for name, value in response.data.items() if name not in view.shown_once}
                kept.status, kept.body = response.status_code, json.loads(json.dumps(body, default=str))
                kept.save(update_fields=["status", "body"])
                return response
        if kept.fingerprint != fingerprint:
            raise KeyReused
        return Response(view.replayed(request, kept.body), status=kept.status, headers={"Idempotent-Replayed": "true"})

    return extend_schema(parameters=[IDEMPOTENCY_KEY])(once)


class KeyReused(exceptions.APIException):
    status_code = 422
    default_detail = "This Idempotency-Key was used with another body. Use a new key for a new request."
    default_code = "idempotency_key_reused"


def _claim(token: Any, key: str, fingerprint: str) -> IdempotentRequest:
    """The row of `key`, locked: a second request with it waits here until the first is answered."""
    IdempotentRequest.objects.filter(created_at__lt=now() - timedelta(days=KEY_DAYS)).delete()
    try:
        with transaction.atomic():
            return IdempotentRequest.objects.create(token=token, key=key, fingerprint=fingerprint)
    except IntegrityError:
        return IdempotentRequest.objects.select_for_update().get(token=token, key=key)


class Pages(CursorPagination):
    """Newest first; ids are ordered by time."""

    ordering = "-id"
    page_size = 100


class SubjectSerializer(serializers.ModelSerializer[Subject]):
    parent: Any = serializers.SlugRelatedField(
        slug_field="external_id", queryset=Subject.objects.all(), required=False, allow_null=True, default=None
    )

    class Meta:
        model = Subject
        fields = ["external_id", "kind", "parent", "name", "contact", "language"]
        read_only_fields = ["external_id"]


LEFT_OUT = {"kind": Subject.Kind.END_USER, "name": "", "contact": "", "language": "en"}  # a PUT is the whole account


class SubjectViewSet(mixins.RetrieveModelMixin, viewsets.GenericViewSet[Subject]):
    """The provider's accounts, under the provider's own ids."""

    lookup_field = "external_id"
    lookup_value_regex = r"[A-Za-z0-9._@:-]{1,120}"
    serializer_class = SubjectSerializer
    queryset = Subject.objects.none()
    scopes = {"retrieve": Permission.SUBJECT_VIEW, "update": Permission.SUBJECT_WRITE}

    def get_queryset(self) -> Any:
        return Subject.objects.visible_to(self.request.auth).select_related("parent")

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
