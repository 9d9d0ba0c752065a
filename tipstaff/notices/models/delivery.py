"""Delivery: one webhook message for one endpoint. The row is the job, and its place in the line keeps the order."""

import hashlib
from datetime import datetime
from typing import Any, Self

from django.db import connection, models
from django.db.models import Exists, ExpressionWrapper, F, Max, OuterRef, Q, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.notices import events
from tipstaff.notices.models.endpoint import Endpoint
from tipstaff.notices.models.message import Message
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.states import StateField


class DeliveryQuerySet(RefQuerySet["Delivery"]):
    def visible_to(self, person: Any) -> Self:
        return self if person.may(Permission.WEBHOOK_MANAGE) else self.none()

    def explained(self) -> Self:
        """With what a waiting one waits for: `mail_waits` and `line_waits`. The first of the line is asked for as a
        value: a sudden backlog, on which there are no statistics yet, would make a join of `NOT EXISTS` quadratic.
        """
        line = Delivery.objects.filter(
            state=Delivery.State.QUEUED, endpoint=OuterRef("endpoint"), subject_key=OuterRef("subject_key")
        )
        mail = Message.objects.filter(state=Message.State.QUEUED, notices__about=OuterRef("after"))
        first = self.annotate(first_place=Subquery(line.order_by("place").values("place")[:1]))
        waits = ExpressionWrapper(Q(first_place__lt=F("place")), output_field=models.BooleanField(null=True))
        return first.annotate(line_waits=waits, mail_waits=Exists(mail))

    def about(self, record: Record) -> Self:
        """What was told of `record` and of what belongs to its history, newest first, explained."""
        return self.filter(about_stream=record.stream).select_related("endpoint").explained().order_by("-pk")

    def free(self) -> Self:
        """The first of each line, once the notice's mail has left or cannot (DESIGN 4)."""
        return self.explained().filter(state=Delivery.State.QUEUED, place=F("first_place"), mail_waits=False)

    def missed(self) -> Self:
        """Given up, and nothing newer about the same account has arrived since, which would have made up for it."""
        newer = Delivery.objects.filter(
            state=Delivery.State.DELIVERED,
            endpoint=OuterRef("endpoint"),
            subject_key=OuterRef("subject_key"),
            place__gt=OuterRef("place"),
        )
        return self.filter(~Exists(newer), state=Delivery.State.DEAD).exclude(endpoint__state=Endpoint.State.CLOSED)

    def due(self, at: datetime) -> Self:
        return self.free().filter(
            Q(leased_until=None) | Q(leased_until__lte=at), endpoint__state="active", next_attempt_at__lte=at
        )


def nothing_newer(delivery: "Delivery", actor: Actor) -> str | None:
    if delivery.endpoint.state == Endpoint.State.CLOSED:
        return _("The receiver is closed.")
    later = Delivery.objects.filter(
        endpoint=delivery.endpoint_id, subject_key=delivery.subject_key, place__gt=delivery.place
    )
    if later.filter(state=Delivery.State.DELIVERED).exists():
        return _(
            "Something newer about the same account arrived since and told all that holds; this would be old news."
        )
    if later.filter(state=Delivery.State.QUEUED, leased_until__gt=now()).exists():
        return _("Something newer about the same account is being sent right now. Look again in two minutes.")
    return None


@references.register("delivery")
class Delivery(Record):
    class State(models.TextChoices):
        QUEUED = "queued", gettext_lazy("Waiting")
        DELIVERED = "delivered", gettext_lazy("Delivered")
        DEAD = "dead", gettext_lazy("Given up")

    state = StateField(max_length=10, choices=State, default=State.QUEUED)
    endpoint = models.ForeignKey(Endpoint, models.PROTECT, related_name="deliveries")
    event = models.CharField(max_length=60)
    about = models.CharField(max_length=200)
    about_stream = models.CharField(max_length=200)
    subject_key = models.CharField(max_length=200, help_text="Whose line it stands in: one line keeps its order.")
    place = models.PositiveIntegerField(editable=False)
    after = models.CharField(max_length=200, blank=True, help_text="The decision whose notice goes first.")
    body = models.TextField(help_text="The JSON as it is signed and sent, the same at every try.")
    queued_at = models.DateTimeField(default=now)
    next_attempt_at = models.DateTimeField(default=now)
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_error = models.CharField(max_length=300, blank=True)
    delivered_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)

    reference_field = "id"
    untold = frozenset({"body", "attempts", "next_attempt_at", "leased_until"})
    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-queued_at", "-place"]
        indexes = [
            models.Index(fields=["endpoint", "next_attempt_at"], condition=Q(state="queued"), name="delivery_due"),
            models.Index(
                fields=["endpoint", "subject_key", "place"], condition=Q(state="queued"), name="delivery_line"
            ),
            models.Index(fields=["endpoint", "-id"], name="delivery_of_endpoint"),
            models.Index(fields=["endpoint", "-given_up_at"], condition=Q(state="dead"), name="delivery_dead"),
            models.Index(fields=["about_stream"], name="delivery_about"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "subject_key", "place"], name="delivery_place_once"),
            models.CheckConstraint(
                condition=Q(state="queued", delivered_at=None, given_up_at=None)
                | Q(state="delivered", delivered_at__isnull=False, given_up_at=None)
                | Q(state="dead", delivered_at=None, given_up_at__isnull=False),
                name="delivery_settled_at",
            ),
        ]

    def __str__(self) -> str:
        return self.message_id

    @property
    def title(self) -> str:
        return self.message_id

    @property
    def message_id(self) -> str:
        """`webhook-id`: the same at every try, so that receivers can tell a repeat."""
        return f"msg_{self.pk.hex}"

    @property
    def stream(self) -> str:
        return self.about_stream

    @property
    def being_sent(self) -> bool:
        return self.state == self.State.QUEUED and bool(self.leased_until and self.leased_until > now())

    @property
    def about_ref(self) -> str:
        """What it tells about, as people read it; nothing for a test, which is about the receiver itself."""
        prefix, _sep, ref = self.about.partition(":")
        return "" if prefix == Endpoint.reference_prefix else ref

    @classmethod
    def draft(
        cls,
        endpoint: Endpoint,
        event: str,
        *,
        about: Record,
        line: Record,
        payload: dict[str, Any],
        after: Record | None = None,
    ) -> "Delivery":
        """An unsaved message about `about`, in the line of `line`, which waits for the notice of `after` if given."""
        at = now()
        return cls(
            endpoint=endpoint,
            event=event,
            about=about.reference,
            about_stream=about.stream,
            subject_key=line.reference,
            after=after.reference if after else "",
            body=events.written(event, at, payload),
            queued_at=at,
            next_attempt_at=at,
        )

    def complete(self, *, actor: Actor) -> None:
        """Take the next place in the line. Whoever queues for the same account waits for this transaction to end, so
        places are in the order of commit.
        """
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"webhook:{self.subject_key}"])
        line = Delivery.objects.filter(endpoint=self.endpoint, subject_key=self.subject_key)
        self.place = (line.aggregate(last=Max("place"))["last"] or 0) + 1

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body.encode()).hexdigest()

    @operation(creates=True, permission=Permission.NOTICE_SEND, said=gettext_lazy("queued a message to a receiver"))
    def queue(self, *, actor: Actor, sha256: str) -> None:
        """Put a message in line for its receiver, in the transaction of the act it tells of."""

    @operation(
        source=State.QUEUED,
        target=State.DELIVERED,
        permission=Permission.NOTICE_SEND,
        said=gettext_lazy("told a receiver"),
    )
    def hand_over(self, *, actor: Actor, status: int) -> None:
        """The receiver took it."""
        self.delivered_at, self.last_status, self.last_error, self.leased_until = now(), status, "", None

    @operation(
        source=State.QUEUED,
        target=State.DEAD,
        permission=Permission.NOTICE_SEND,
        said=gettext_lazy("gave up telling a receiver"),
    )
    def give_up(self, *, actor: Actor, status: int | None, error: str) -> None:
        """Tried for days, or the receiver wants no more. It holds nothing up: the next one tells all that holds."""
        self.given_up_at, self.last_status, self.last_error, self.leased_until = now(), status, error, None

    @operation(
        source=State.DEAD,
        target=State.QUEUED,
        permission=Permission.WEBHOOK_MANAGE,
        guard=nothing_newer,
        label=gettext_lazy("Send it again"),
        said=gettext_lazy("put a message to a receiver back in line"),
    )
    def retry(self, *, actor: Actor) -> None:
        """Begin with the tries anew, at its old place in the line. Refused once something newer about the account
        arrived, which would be followed by old news.
        """
        self.given_up_at, self.next_attempt_at, self.attempts = None, now(), 0

    def lock(self) -> None:
        """What waits behind it is locked as well: a sender that takes the next one and `retry` see each other."""
        super().lock()
        if self.state == self.State.DEAD:
            line = Delivery.objects.filter(endpoint=self.endpoint_id, subject_key=self.subject_key, state="queued")
            list(line.select_for_update(no_key=True).order_by("place").values_list("pk"))
