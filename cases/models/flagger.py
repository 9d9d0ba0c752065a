"""Flagger: somebody whose reports come first within their severity. Granted with a reason and for a time; nobody can
declare themselves one.
"""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.core import signing
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import told
from tipstaff.accounts.models import Token, User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

REASON_LIMIT = 1000


class FlaggerQuerySet(RefQuerySet["Flagger"]):
    def visible_to(self, person: Any) -> Self:
        return self if person.may(Permission.FLAGGER_GRANT) else self.none()

    def standing(self, at: datetime) -> Self:
        return self.filter(granted_at__lte=at, ends_at__gt=at, revoked_at=None)


def still_granted(flagger: "Flagger", actor: Actor) -> str | None:
    return None if flagger.revoked_at is None else _("This status was revoked before.")


@references.register("flagger")
class Flagger(Record):
    """A trusted flagger (DSA 22). Known by a link of their own, which we sign, or by the token of their machine: an
    address that somebody typed proves nothing.
    """

    name = models.CharField(gettext_lazy("who they are"), max_length=200)
    contact = models.EmailField(
        gettext_lazy("e-mail address"), help_text=gettext_lazy("Their own link to the report form is sent there.")
    )
    token = models.ForeignKey(
        Token,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("token of their machine"),
        help_text=gettext_lazy("If they file by program too."),
    )
    reason = models.TextField(gettext_lazy("why they are trusted"), max_length=REASON_LIMIT)
    ends_at = models.DateTimeField(gettext_lazy("until"))
    granted_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    granted_at = models.DateTimeField(default=now, editable=False)
    revoked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    revoked_reason = models.TextField(blank=True, max_length=REASON_LIMIT, editable=False)

    reference_field = "id"
    objects = FlaggerQuerySet.as_manager()

    class Meta:
        ordering = ["-granted_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["token"], condition=Q(revoked_at=None, token__isnull=False), name="flagger_token_once"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("granted_at")), name="flagger_ends_later"),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None, revoked_reason="")
                | Q(revoked_at__isnull=False, revoked_by__isnull=False) & ~Q(revoked_reason=""),
                name="flagger_revoked_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("cases:flaggers")

    @property
    def report_url(self) -> str:
        """The path of their own report form."""
        return reverse("cases:report_flagger", args=[_signer().sign(self.pk.hex)])

    @property
    def stands(self) -> bool:
        return self.revoked_at is None and self.granted_at <= now() < self.ends_at

    @classmethod
    def by_link(cls, token: str) -> "Flagger | None":
        """Whose link it is; None if we did not sign it. Whether they still stand is asked besides."""
        try:
            return cls.objects.filter(pk=_signer().unsign(token)).first()
        except signing.BadSignature:
            return None

    @operation(
        creates=True, permission=Permission.FLAGGER_GRANT, said=gettext_lazy("granted the status of a trusted flagger")
    )
    def grant(self, *, actor: Actor) -> None:
        """From now on their reports come first within their severity; they are sent their own link."""
        if self.ends_at <= now():
            raise Refused(_("The status must end in the future."))
        told.of_flagger_granted(self, actor)

    @operation(
        permission=Permission.FLAGGER_GRANT,
        guard=still_granted,
        said=gettext_lazy("revoked the status of a trusted flagger"),
    )
    def revoke(self, *, actor: User, reason: str) -> None:
        """Their reports wait like everybody's from now on. Those they filed stay where they stand."""
        self.revoked_by, self.revoked_at, self.revoked_reason = actor, now(), reason
        told.of_flagger_revoked(self, actor)


def _signer() -> signing.Signer:
    keys = {"key": settings.LINK_KEY, "fallback_keys": settings.LINK_KEY_FALLBACKS}
    return signing.Signer(**keys, salt="tipstaff.flagger", sep=".")
