"""Token: how a machine signs in. Scoped, expiring, stored as a hash and shown once."""

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy

from tipstaff.accounts.models.user import User
from tipstaff.permissions import SCOPE_WORDS, TOKEN_SCOPES, Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PREFIX = "tps_"


def hashed(secret: str) -> str:
    """A token has 256 random bits, so one SHA-256 is enough and can be looked up."""
    return hashlib.sha256(secret.encode()).hexdigest()


class TokenQuerySet(RefQuerySet["Token"]):
    def visible_to(self, person: Any) -> Self:
        return self if person.may(Permission.TOKEN_MANAGE) else self.none()

    def usable(self, at: Any) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=at)


@references.register("token")
class Token(Record):
    name = models.CharField(gettext_lazy("name"), max_length=120, help_text=gettext_lazy("Which machine this is for."))
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=gettext_lazy("scopes"))
    hash = models.CharField(max_length=64, unique=True, editable=False)
    start = models.CharField(max_length=12, editable=False)
    granted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(default=now, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)

    reference_field = "id"
    untold = frozenset({"hash", "last_used_at"})
    actor_kind = "token"
    is_authenticated = True  # Django REST framework asks
    objects = TokenQuerySet.as_manager()

    class Meta:
        ordering = ["-granted_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("accounts:tokens")

    @property
    def actor_ref(self) -> str:
        return self.reference

    @property
    def powers(self) -> list[tuple[str, "StrOrPromise"]]:
        """Each scope with what it lets the machine do, in words; in the order of the form."""
        return [(str(scope), words) for scope, words in SCOPE_WORDS.items() if str(scope) in self.scopes]

    def may(self, permission: Permission) -> bool:
        return permission in self.scopes and permission in TOKEN_SCOPES

    @classmethod
    def draw(cls, *, name: str, scopes: list[str], granted_by: User, days: int) -> tuple["Token", str]:
        """An unsaved token and its secret, which is kept nowhere."""
        secret = PREFIX + secrets.token_urlsafe(32)
        ends = now() + timedelta(days=days)
        token = cls(
            name=name,
            scopes=sorted(scopes),
            hash=hashed(secret),
            start=secret[:8],
            granted_by=granted_by,
            expires_at=ends,
        )
        return token, secret

    @operation(creates=True, permission=Permission.TOKEN_MANAGE, said=gettext_lazy("granted a token"))
    def grant(self, *, actor: Actor) -> None:
        """Let a machine in with these scopes until the token expires."""
        if unknown := set(self.scopes) - {str(scope) for scope in TOKEN_SCOPES}:
            raise Refused(f"A token cannot hold {', '.join(sorted(unknown))}.")

    @operation(permission=Permission.TOKEN_MANAGE, said=gettext_lazy("revoked a token"))
    def revoke(self, *, actor: Actor) -> None:
        """End the token at once."""
        self.revoked_at = self.revoked_at or now()


class IdempotentRequest(models.Model):
    """The answer to a POST with an Idempotency-Key, so that a retry is answered and not repeated."""

    token = models.ForeignKey(Token, models.CASCADE)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="idempotency_key_once_per_token")]

    def __str__(self) -> str:
        return self.key
