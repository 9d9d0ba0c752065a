"""Conflict: who works on a case declares that they have no stake in it, or says that they do and is out of it. The
Hand table keeps them out by key; who investigated before is kept out by a trigger.
"""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models.case import Case
from cases.models.hand import Hand
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

if TYPE_CHECKING:
    from tipstaff.accounts.models import Token

REASON_LIMIT = 1000


class ConflictQuerySet(RefQuerySet["Conflict"]):
    def visible_to(self, person: "User | Token") -> Self:
        """Leads, and whoever declared it."""
        return self if person.may(Permission.CASE_LEAD) else self.filter(person=person.pk)


def not_twice(conflict: "Conflict", actor: Actor) -> str | None:
    if Conflict.objects.filter(case=conflict.case, person=conflict.person).exists():
        return _("You declared a conflict in this case already, and are out of it.")
    return None


@references.register("conflict")
class Conflict(Record):
    case = models.ForeignKey(Case, models.PROTECT, related_name="conflicts")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    reason = models.TextField(max_length=REASON_LIMIT)
    declared_at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"
    untold = frozenset({"reason"})  # for leads only
    objects = ConflictQuerySet.as_manager()

    class Meta:
        ordering = ["declared_at"]
        constraints = [
            models.UniqueConstraint(fields=["case", "person"], name="conflict_once"),
            models.CheckConstraint(condition=~Q(reason=""), name="conflict_says_why"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return _("Conflict in %(case)s") % {"case": self.case.ref}

    def history_of(self) -> Record:
        return self.case

    def complete(self, *, actor: Actor) -> None:
        self.declared_at, self.reason = now(), self.reason.strip()
        if not self.reason:
            raise Refused(_("Say in a word what the conflict is. Only a lead reads it."))
        if self.case.part_of(self.person) is None:
            self.case.take_part(self.person, Hand.Part.STAYED_OUT)

    @operation(
        creates=True,
        permission=Permission.CONFLICT_DECLARE,
        guard=not_twice,
        said=gettext_lazy("declared a conflict, and is out of the case"),
        despite_stake=True,
    )
    def declare(self, *, actor: User) -> None:
        """Be out of the case from now on: it is not offered any more, and nothing can be done in it. A part that
        somebody had already stays written down.
        """
        if self.case.state == Case.State.INVESTIGATING and self.case.claimant == actor:
            self.case.release(actor=actor)

    @operation(
        creates=True,
        permission=Permission.CASE_LEAD,
        guard=not_twice,
        said=gettext_lazy("carried a conflict over from the other case"),
    )
    def carry(self, *, actor: Actor) -> None:
        """Reports come from a case in which somebody declared a conflict: they stay out here as well."""
