"""A POST that is sent twice happens once: the first answer is kept beside its Idempotency-Key."""

import functools
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from tipstaff.accounts.models import IdempotentRequest
from tipstaff.time import now

KEY_DAYS = 2  # how long an Idempotency-Key is remembered
KEY_LIMIT = 200

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
        if len(key) > KEY_LIMIT:
            raise exceptions.ValidationError({"Idempotency-Key": [f"Use at most {KEY_LIMIT} characters."]})
        fingerprint = hashlib.sha256(
            json.dumps([request.path, request.data], sort_keys=True, default=_told).encode()
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


def _told(value: Any) -> str:
    """A file by its content, whatever it is called; anything else by its words."""
    if not isinstance(value, UploadedFile):
        return str(value)
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    return digest.hexdigest()


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
