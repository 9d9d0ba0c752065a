"""What happened, provably: streams of events, their disclosures, and the leaves that the sequencer signs.

The application role may insert and read; nobody but the sequencer writes leaves, and triggers refuse every change.
"""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from tipstaff.ledger import disclosures


class UUIDv7(models.Func):
    """PostgreSQL 18's own time-ordered UUID; every record's `id` defaults to it."""

    function = "uuidv7"
    output_field = models.UUIDField()


class Stream(models.Model):
    """One history, such as `case:<uuid>`. `head_seq` only ever grows, and is what makes a sequence gap-free."""

    name = models.CharField(max_length=200, primary_key=True)
    head_seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """One act. Nothing personal stands here: who, what and why are disclosures."""

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    stream = models.ForeignKey(Stream, on_delete=models.PROTECT, related_name="events", db_index=False)
    seq = models.BigIntegerField()
    kind = models.CharField(max_length=80)
    at = models.DateTimeField()
    decoys = ArrayField(models.CharField(max_length=43), default=list)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["stream", "seq"], name="event_seq_once_per_stream"),
            models.CheckConstraint(condition=models.Q(seq__gte=1), name="event_seq_from_one"),
        ]
        indexes = [models.Index(fields=["kind", "id"], name="event_by_kind")]

    def __str__(self) -> str:
        return f"{self.stream_id}#{self.seq} {self.kind}"

    def told(self) -> dict[str, Any]:
        """Every fact still disclosed, by name; erased ones are absent."""
        return {d.name: d.value for d in self.disclosures.all() if d.salt is not None}


class Disclosure(models.Model):
    """One named fact of an event, with the salt that hides it: RFC 9901 4.2. Erasure nulls salt and value only."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="disclosures")
    name = models.CharField(max_length=120)
    salt = models.CharField(max_length=22, null=True)
    value = models.JSONField(null=True)
    digest = models.CharField(max_length=43)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["event", "name"], name="disclosure_once_per_event")]

    def __str__(self) -> str:
        return self.name

    @property
    def encoded(self) -> str:
        """The disclosure as RFC 9901 sends it. Refused once the salt is erased."""
        if self.salt is None:
            raise ValueError(f"The disclosure {self.name} of event {self.event_id} was erased.")
        return disclosures.encode(self.salt, self.name, self.value)


class SigningKey(models.Model):
    """The public half of a key that signed leaves; the private half never enters the database."""

    kid = models.CharField(max_length=64, primary_key=True)
    public = models.BinaryField(help_text="Raw 32-byte Ed25519 public key.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.kid


class Leaf(models.Model):
    """An event as the log holds it: the issuer-signed JWT and its RFC 6962 leaf hash."""

    idx = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="leaf")
    jws = models.TextField()
    leaf_hash = models.BinaryField()

    class Meta:
        ordering = ["idx"]

    def __str__(self) -> str:
        return f"leaf {self.idx}"


class StreamTip(models.Model):
    """Where the sequencer stands in a stream, kept apart so that it never waits on an application lock."""

    stream = models.CharField(max_length=200, primary_key=True)
    seq = models.BigIntegerField()
    leaf_hash = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.stream}#{self.seq}"
