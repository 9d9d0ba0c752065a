"""LegalHold: nothing that it covers is disposed of, whatever its clocks say. One person places it, two release it."""

from typing import Any, Self

from django.db import connection, models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.vault.models.people import person_column, person_only, stake_in
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import NextRef, Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.states import StateField

REASON_LIMIT = 2000
BASIS_LIMIT = 300
HELD = ("placed", "release_asked")


HOLDS_LOCK = 0x7469_7073_7461_6666  # says which advisory lock of the database is meant


def lock_holds(*, shared: bool = False) -> None:
    """Until this transaction ends nothing is disposed of, while a hold is placed; and with `shared` no hold is placed,
    while somebody disposes of what none is on.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock{'_shared' if shared else ''}(%s)", [HOLDS_LOCK])


class LegalHoldQuerySet(RefQuerySet["LegalHold"]):
    def visible_to(self, person: Any) -> Self:
        known = self.exclude(references.about_own(person, "on"))
        return known if person.may(Permission.CUSTODY_VIEW) else self.none()

    def standing(self) -> Self:
        """Holds that hold: until the second person has released them."""
        return self.filter(state__in=HELD)


def names_something(hold: "LegalHold", actor: Actor) -> str | None:
    """What is held must exist: a file, or a record that files belong to."""
    if reason := person_only(actor):
        return reason
    found = references.find(hold.on)
    if found is None:
        return _("There is no “%(name)s” that a hold could be on.") % {"name": hold.on}
    if whole := keeps_nothing(found):
        return _("A hold on “%(name)s” would keep nothing. Place it on “%(whole)s”, which it is a part of.") % {
            "name": hold.on,
            "whole": whole.reference,
        }
    return None


def keeps_nothing(found: Record) -> Record | None:
    """What to hold instead of a record that no file belongs to by itself (a finding, what was made of a file); None if
    a hold on it keeps what it names.
    """
    if origin := getattr(found, "origin", None):  # it goes with its original, so the original is what is held
        return origin
    has_files = type(found).held_with is not Record.held_with
    return found.history_of() if not has_files and found.history_of() is not found else None


def by_another(hold: "LegalHold", actor: Actor) -> str | None:
    """Who asked for the release does not give it."""
    if getattr(actor, "pk", None) == hold.release_asked_by_id:
        return _("You asked for the release; somebody else has to give it.")
    return person_only(actor)


@references.register("hold")
class LegalHold(Record):
    class State(models.TextChoices):
        PLACED = "placed", gettext_lazy("In force")
        RELEASE_ASKED = "release_asked", gettext_lazy("In force, release asked for")
        RELEASED = "released", gettext_lazy("Released")

    ref = models.CharField(max_length=20, unique=True, db_default=NextRef("H"), editable=False)
    state = StateField(max_length=20, choices=State, default=State.PLACED, editable=False)
    on = models.CharField(
        gettext_lazy("on what"), max_length=200, db_index=True, help_text=gettext_lazy("A reference: case:C-0001.")
    )
    reason = models.TextField(gettext_lazy("reason"), max_length=REASON_LIMIT)
    basis = models.CharField(
        gettext_lazy("basis"), max_length=BASIS_LIMIT, help_text=gettext_lazy("The law, order or matter it rests on.")
    )
    placed_by, placed_at = person_column(), models.DateTimeField(default=now, editable=False)
    release_reason = models.TextField(max_length=REASON_LIMIT, blank=True, editable=False)
    release_asked_by, release_asked_at = person_column(), models.DateTimeField(null=True, editable=False)
    released_by, released_at = person_column(), models.DateTimeField(null=True, editable=False)

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        ordering = ["-placed_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state="placed", release_asked_by__isnull=True, released_by__isnull=True)
                | Q(state="release_asked", release_asked_by__isnull=False, released_by__isnull=True)
                | Q(state="released", release_asked_by__isnull=False, released_by__isnull=False),
                name="hold_released_by_two",
            ),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True) | ~Q(released_by=models.F("release_asked_by")),
                name="hold_released_by_different_people",
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    def get_absolute_url(self) -> str:
        return reverse("vault:hold", args=[self.ref])

    def stake_of(self, actor: Any) -> str | None:
        """What is held says it: nobody keeps or lets go what is about their own account."""
        return stake_in(references.find(self.on), actor)

    @operation(
        creates=True,
        permission=Permission.HOLD_PLACE,
        guard=names_something,
        said=gettext_lazy("placed a legal hold"),
    )
    def place(self, *, actor: Any) -> None:
        """Keep everything that belongs to what is named, from now on and until two people release it."""
        lock_holds()
        self.placed_by, self.placed_at = actor, now()

    @operation(
        source=State.PLACED,
        target=State.RELEASE_ASKED,
        permission=Permission.HOLD_RELEASE,
        guard=lambda _hold, actor: person_only(actor),
        label=gettext_lazy("Ask for its release"),
        said=gettext_lazy("asked to release the hold"),
    )
    def ask_release(self, *, actor: Any, reason: str) -> None:
        """Say why it is no longer needed. It holds until somebody else agrees."""
        self.release_asked_by, self.release_asked_at, self.release_reason = actor, now(), reason

    @operation(
        source=State.RELEASE_ASKED,
        target=State.PLACED,
        permission=Permission.HOLD_RELEASE,
        label=gettext_lazy("Keep it in force"),
        said=gettext_lazy("kept the hold in force"),
    )
    def keep(self, *, actor: Any) -> None:
        """Do not release it."""
        self.release_asked_by = self.release_asked_at = None
        self.release_reason = ""

    @operation(
        source=State.RELEASE_ASKED,
        target=State.RELEASED,
        permission=Permission.HOLD_RELEASE,
        guard=by_another,
        label=gettext_lazy("Release it"),
        said=gettext_lazy("released the hold"),
    )
    def release(self, *, actor: Any) -> None:
        """The second yes: what it covered follows its clocks again."""
        self.released_by, self.released_at = actor, now()
