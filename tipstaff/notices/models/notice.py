"""Notice: the durable page that tells someone what was decided and why. It outlives the account it is about."""

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.core import signing
from django.db import models
from django.db.models import Case, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.notices.models.message import Message
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation


class NoticeQuerySet(RefQuerySet["Notice"]):
    def visible_to(self, person: Any) -> Self:
        return self if person.may(Permission.CASE_VIEW) else self.none()

    def reached(self) -> Self:
        """With `reached`: what `Notice.reached_at` says, for a query."""
        handed_over = When(message__bounced_at=None, then="message__handed_over_at")
        return self.annotate(reached=Coalesce("opened_at", Case(handed_over, output_field=models.DateTimeField())))


def not_opened(notice: "Notice", actor: Actor) -> str | None:
    return _("It was opened before.") if notice.opened_at else None


@references.register("notice")
class Notice(Record):
    """A page that tells someone what was decided and why. It needs no account and outlives the one it is about."""

    about = models.CharField(max_length=200, db_index=True)
    about_stream = models.CharField(max_length=200)
    scope = models.CharField(max_length=20, default="subject")
    heading = models.CharField(max_length=250)
    sections = models.JSONField(help_text="List of {heading, paragraphs: [text], facts: [[label, text]]}.")
    action = models.CharField(max_length=60, blank=True, help_text="URL name that takes the link's token.")
    action_label = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=10, default="en")
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="notices")
    given_at = models.DateTimeField(default=now)
    opened_at = models.DateTimeField(null=True, help_text="When somebody with its link first read it.")

    reference_field = "id"
    untold = frozenset({"sections"})
    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-given_at"]

    def __str__(self) -> str:
        return self.heading

    @property
    def title(self) -> str:
        return self.heading

    @property
    def stream(self) -> str:
        return self.about_stream

    @property
    def token(self) -> str:
        """The signed link's credential. Made from the id, so it can be made again; only mail still waiting holds it."""
        return _signer().sign(self.pk.hex)

    def get_absolute_url(self) -> str:
        return reverse("notices:notice", args=[self.token])

    @classmethod
    def by_token(cls, token: str) -> "Notice | None":
        """The notice that `token` opens; None if it was not signed by us or is past its retention."""
        oldest = now() - timedelta(days=settings.NOTICE_RETENTION_DAYS)
        try:
            return cls.objects.filter(pk=_signer().unsign(token), given_at__gt=oldest).first()
        except signing.BadSignature:
            return None

    @property
    def reached_at(self) -> datetime | None:
        """From when it counts as received: its first opening, or for who did not open it the mail that left and did not
        come back. None while neither is known: no time runs against somebody who was not reached.
        """
        if self.opened_at or self.message is None or self.message.bounced_at:
            return self.opened_at
        return self.message.handed_over_at

    @operation(permission=Permission.NOTICE_OPEN, guard=not_opened, said=gettext_lazy("opened the notice"))
    def open(self, *, actor: Actor) -> None:
        """Write down that it was read for the first time: the time to appeal counts from then. Nothing else is kept of
        who looks, nor when again.
        """
        self.opened_at = now()

    @operation(creates=True, permission=Permission.NOTICE_SEND, said=gettext_lazy("gave a notice"))
    def give(self, *, actor: Actor) -> None:
        """The notice is given when this commits; mail only carries the link."""


def _signer() -> signing.Signer:
    keys = {"key": settings.LINK_KEY, "fallback_keys": settings.LINK_KEY_FALLBACKS}
    return signing.Signer(**keys, salt="tipstaff.notice", sep=".")
