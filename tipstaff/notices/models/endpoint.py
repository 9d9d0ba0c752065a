"""Endpoint: a receiver of signed webhooks, such as the provider's gateway. Its secret is derived and stored nowhere."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.notices import events
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.states import StateField

ENDPOINT_LIMIT = 16  # that are not closed: each gets every event, and each is called on its own
OLD_SECRET = timedelta(hours=24)  # how long the secret before the last rotation still signs


class EndpointQuerySet(RefQuerySet["Endpoint"]):
    def visible_to(self, person: Any) -> Self:
        return self if person.may(Permission.WEBHOOK_MANAGE) else self.none()

    def kept(self) -> Self:
        return self.exclude(state=Endpoint.State.CLOSED)

    def taking(self, event: str) -> Self:
        """Those that `event` is queued for, known by now; for one that is off it waits."""
        return self.kept().filter(types__contains=[event], registered_at__lte=now())


@references.register("endpoint")
class Endpoint(Record):
    class State(models.TextChoices):
        ACTIVE = "active", gettext_lazy("On")
        DISABLED = "disabled", gettext_lazy("Off")
        CLOSED = "closed", gettext_lazy("Closed")

    state = StateField(max_length=10, choices=State, default=State.ACTIVE)
    description = models.CharField(
        gettext_lazy("name"), max_length=120, help_text=gettext_lazy("What receives there, for example “Gateway”.")
    )
    url = models.URLField(
        gettext_lazy("address"),
        max_length=500,
        help_text=gettext_lazy(
            "Where each message is posted. Put no password or key into it: the signature is the proof."
        ),
    )
    types = ArrayField(models.CharField(max_length=60), verbose_name=gettext_lazy("events"))
    rotation = models.PositiveIntegerField(default=0, editable=False)
    rotated_at = models.DateTimeField(null=True, editable=False)
    disabled_reason = models.CharField(max_length=300, blank=True, editable=False)
    disabled_at = models.DateTimeField(null=True, editable=False)
    registered_at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"
    objects = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ["description", "id"]
        constraints = [
            models.UniqueConstraint(fields=["url"], condition=~Q(state="closed"), name="endpoint_url_once"),
            models.CheckConstraint(
                condition=Q(state="active", disabled_at=None, disabled_reason="")
                | (Q(state__in=["disabled", "closed"], disabled_at__isnull=False)),
                name="endpoint_disabled_at",
            ),
        ]

    def __str__(self) -> str:
        return self.description

    @property
    def title(self) -> str:
        return self.description

    def get_absolute_url(self) -> str:
        return reverse("webhooks:endpoint", args=[self.pk])

    @property
    def secret(self) -> str:
        return self._secret(self.rotation)

    def signing_secrets(self) -> list[str]:
        """The secrets that sign now: after a rotation the one before as well, for a day."""
        old = [self._secret(self.rotation - 1)] if self.old_secret_until else []
        return [self.secret, *old]

    @property
    def old_secret_until(self) -> datetime | None:
        """Until when the secret before the last rotation signs as well; None once it does not."""
        ends = self.rotated_at + OLD_SECRET if self.rotation and self.rotated_at else None
        return ends if ends and ends > now() else None

    def _secret(self, rotation: int) -> str:
        """`whsec_…`, derived from a key that the database does not hold: a copy of the database signs nothing."""
        label = f"tipstaff.webhook:{self.pk}:{rotation}"
        derived = hmac.digest(settings.WEBHOOK_KEY.encode(), label.encode(), hashlib.sha256)
        return f"whsec_{base64.b64encode(derived).decode()}"

    @operation(creates=True, permission=Permission.WEBHOOK_MANAGE, said=gettext_lazy("added the receiver"))
    def register(self, *, actor: Actor) -> None:
        """Send what happens from now on to this address."""

    def complete(self, *, actor: Actor) -> None:
        """Refuse one too many, and an address that is told already. Two at once take turns."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('webhook endpoints', 0))")
        if Endpoint.objects.kept().filter(url=self.url).exists():
            raise Refused(_("Another receiver has this address already."))
        if Endpoint.objects.kept().count() >= ENDPOINT_LIMIT:
            raise Refused(
                _("There are %(count)s receivers already, which is the limit: close one first.")
                % {"count": ENDPOINT_LIMIT}
            )
        self._check_types()

    def _check_types(self) -> None:
        if unknown := set(self.types) - set(events.TYPES):
            raise Refused(_("There is no event called %(names)s.") % {"names": ", ".join(sorted(unknown))})

    @operation(
        source=[State.ACTIVE, State.DISABLED],
        permission=Permission.WEBHOOK_MANAGE,
        label=gettext_lazy("Change"),
        said=gettext_lazy("changed the receiver"),
    )
    def amend(self, *, actor: Actor, description: str, url: str, types: list[str]) -> None:
        """Change what it is called, where it is and what it takes; what waits goes to the new address."""
        self.description, self.url, self.types = description, url, types
        self._check_types()

    @operation(
        source=State.ACTIVE,
        target=State.DISABLED,
        permission=Permission.WEBHOOK_MANAGE,
        label=gettext_lazy("Switch off"),
        said=gettext_lazy("switched the receiver off"),
    )
    def disable(self, *, actor: Actor, reason: str) -> None:
        """Send nothing for now. What happens meanwhile waits and leaves in order when it is switched on again."""
        self.disabled_at, self.disabled_reason = now(), reason[:300]

    @operation(
        source=State.DISABLED,
        target=State.ACTIVE,
        permission=Permission.WEBHOOK_MANAGE,
        label=gettext_lazy("Switch on"),
        said=gettext_lazy("switched the receiver on"),
    )
    def enable(self, *, actor: Actor) -> None:
        """Send again, first what waited."""
        self.disabled_at, self.disabled_reason = None, ""

    @operation(
        source=[State.ACTIVE, State.DISABLED],
        target=State.CLOSED,
        permission=Permission.WEBHOOK_MANAGE,
        label=gettext_lazy("Close"),
        said=gettext_lazy("closed the receiver"),
    )
    def close(self, *, actor: Actor) -> None:
        """End it for good: nothing more is queued for it, and what waits is not sent."""
        self.disabled_at = self.disabled_at or now()

    @operation(
        source=State.ACTIVE,
        permission=Permission.WEBHOOK_MANAGE,
        label=gettext_lazy("Send a test"),
        said=gettext_lazy("sent the receiver a test"),
    )
    def send_test(self, *, actor: Actor) -> None:
        """Queue a message that says nothing, to see whether it arrives and is verified."""
        payload = events.TEST_EXAMPLE.example["data"]
        test = self.deliveries.model.draft(self, events.TEST, about=self, line=self, payload=payload)
        test.queue(actor=actor, sha256=test.digest)

    @operation(
        source=[State.ACTIVE, State.DISABLED],
        permission=Permission.WEBHOOK_MANAGE,
        label=gettext_lazy("New secret"),
        said=gettext_lazy("made a new secret for the receiver"),
    )
    def rotate(self, *, actor: Actor) -> None:
        """Sign with a new secret, and for a day with the one before as well; twice in a row ends that one at once."""
        self.rotation, self.rotated_at = self.rotation + 1, now()

    @operation(
        source=[State.ACTIVE, State.DISABLED],
        permission=Permission.WEBHOOK_MANAGE,
        label=gettext_lazy("Show the secret"),
        said=gettext_lazy("looked at the secret of the receiver"),
    )
    def reveal(self, *, actor: Actor) -> str:
        """Give the secret to somebody who sets the receiver up; that they saw it stays in the history."""
        return self.secret
