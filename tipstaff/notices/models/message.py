"""Message: one mail in the outbox. The row is the job."""

from datetime import datetime
from email.utils import make_msgid
from typing import Self
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.logs import TOKEN_IN_PATH
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import operation
from tipstaff.workflow.states import StateField

ATTEMPTS = 12  # the pauses between them add up to about 17 hours; then the message is marked undeliverable


def new_message_id() -> str:
    """Drawn once when the message is queued: a repeat after a crash carries the same one."""
    return make_msgid(domain=urlsplit(settings.BASE_URL).hostname or "localhost")


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self, at: datetime) -> Self:
        return self.filter(state=Message.State.QUEUED, next_attempt_at__lte=at)


def not_yet_back(message: "Message", actor: Actor) -> str | None:
    return _("It is known already that this mail came back.") if message.bounced_at else None


@references.register("message")
class Message(Record):
    """One mail in the outbox. The row is the job: it stays until it was handed over or a person was told it cannot."""

    class State(models.TextChoices):
        QUEUED = "queued", gettext_lazy("Waiting to be sent")
        HANDED_OVER = "handed_over", gettext_lazy("Handed over")
        UNDELIVERABLE = "undeliverable", gettext_lazy("Undeliverable")

    state = StateField(max_length=16, choices=State, default=State.QUEUED)
    about = models.CharField(max_length=200, db_index=True)
    about_stream = models.CharField(max_length=200)
    kind = models.CharField(max_length=60)
    recipient = models.EmailField()
    language = models.CharField(max_length=10, default="en")
    subject = models.CharField(max_length=250)
    text = models.TextField()
    message_id = models.CharField(max_length=250, default=new_message_id, unique=True)
    queued_at = models.DateTimeField(default=now)
    next_attempt_at = models.DateTimeField(default=now)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    handed_over_at = models.DateTimeField(null=True)
    bounced_at = models.DateTimeField(null=True, help_text="When a mail server said that it could not deliver it.")

    reference_field = "id"
    untold = frozenset({"text", "attempts", "next_attempt_at"})
    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["queued_at"]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=models.Q(state="queued"), name="message_due"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="handed_over", handed_over_at__isnull=False)
                | (~models.Q(state="handed_over") & models.Q(handed_over_at__isnull=True)),
                name="message_handed_over_at",
            ),
            models.CheckConstraint(
                condition=models.Q(bounced_at=None) | models.Q(state="handed_over"), name="message_bounced_after"
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def title(self) -> str:
        return self.subject

    @property
    def stream(self) -> str:
        return self.about_stream

    @operation(creates=True, permission=Permission.NOTICE_SEND, said=gettext_lazy("queued a mail"))
    def queue(self, *, actor: Actor) -> None:
        """Put a mail in the outbox, in the transaction of the act it tells of."""

    @operation(
        source=State.QUEUED,
        target=State.HANDED_OVER,
        permission=Permission.NOTICE_SEND,
        said=gettext_lazy("handed a mail over"),
    )
    def hand_over(self, *, actor: Actor) -> None:
        """The recipient's mail server took it."""
        self.handed_over_at = now()
        self.text = TOKEN_IN_PATH.sub(
            r"\1…", self.text
        )  # the link was the recipient's; it is kept no longer than needed
        self.settle_record()

    @operation(
        source=State.QUEUED,
        target=State.UNDELIVERABLE,
        permission=Permission.NOTICE_SEND,
        said=gettext_lazy("gave up on a mail"),
    )
    def give_up(self, *, actor: Actor, error: str) -> None:
        """It cannot be delivered; the durable page stays, and so does the right to appeal."""
        self.last_error = error
        self.settle_record()

    @operation(
        source=State.HANDED_OVER,
        permission=Permission.NOTICE_SEND,
        guard=not_yet_back,
        said=gettext_lazy("heard that a mail came back"),
    )
    def bounce(self, *, actor: Actor, reason: str) -> None:
        """A mail server took it and could not deliver it: it reached nobody. The durable page stays."""
        self.bounced_at, self.last_error = now(), reason[:300]

    def settle_record(self) -> None:
        """Let what it is about know that nothing more can be done for this mail."""
        kind = references.registered().get(self.about.partition(":")[0])
        if kind is None or kind.mail_settled is Record.mail_settled:
            return
        if record := references.find(self.about):
            record.mail_settled(self.kind)
