"""Committee: the people who may permit what a rule forbids. Who is seated, and whether that is a committee at all."""

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.quorum import Seat, lacking
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation

REMIT_LIMIT = 2000


class CommitteeQuerySet(RefQuerySet["Committee"]):
    def visible_to(self, person: Any) -> Self:
        return self if person.may(Permission.COMMITTEE_VIEW) else self.none()

    def seating(self, person: User, at: datetime) -> Self:
        """The committees in which `person` has a seat at `at`."""
        return self.filter(memberships__in=Membership.objects.seated(at).filter(person=person))


@references.register("committee")
class Committee(Record):
    name = models.CharField(gettext_lazy("name"), max_length=150, unique=True)
    remit = models.TextField(
        gettext_lazy("remit"), max_length=REMIT_LIMIT, help_text=gettext_lazy("What it decides, and for whom.")
    )
    established_at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"
    objects = CommitteeQuerySet.as_manager()

    class Meta:
        ordering = ["established_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("governance:committee", args=[self.pk])

    def seated(self, at: datetime) -> "MembershipQuerySet":
        return self.memberships.seated(at).select_related("person").order_by("seated_at", "id")

    def lacking(self, at: datetime) -> list[str]:
        """What it lacks at `at` to be constituted, in sentences (45 CFR 46.107)."""
        return lacking([membership.seat_held for membership in self.seated(at)])

    @operation(creates=True, permission=Permission.COMMITTEE_CONSTITUTE, said=gettext_lazy("established the committee"))
    def establish(self, *, actor: Actor) -> None:
        """Bring a committee into being. It can do nothing until enough people are seated."""


class MembershipQuerySet(RefQuerySet["Membership"]):
    def visible_to(self, person: Any) -> Self:
        return self if person.may(Permission.COMMITTEE_VIEW) else self.none()

    def seated(self, at: datetime) -> Self:
        return self.filter(seated_at__lte=at).filter(Q(left_at=None) | Q(left_at__gt=at))


def may_be_seated(membership: "Membership", actor: Actor) -> str | None:
    if membership.person == actor:
        return _("You cannot seat yourself; somebody else has to.")
    if not membership.person.may(Permission.BALLOT_CAST):
        return _("%(name)s has no role in a committee yet; an administrator gives it first.") % {
            "name": membership.person
        }
    if membership.committee.memberships.filter(person=membership.person, left_at=None).exists():
        return _("%(name)s is seated already.") % {"name": membership.person}
    return None


def still_seated(membership: "Membership", _actor: Actor) -> str | None:
    return _("%(name)s has left the committee already.") % {"name": membership.person} if membership.left_at else None


@references.register("membership")
class Membership(Record):
    """A seat that somebody has or had. What counts for the composition is said when they are seated."""

    class Function(models.TextChoices):
        PRODUCT = "product", gettext_lazy("Product")
        ENGINEERING = "engineering", gettext_lazy("Engineering")
        LEGAL = "legal", gettext_lazy("Legal")
        SAFETY = "safety", gettext_lazy("Safety")
        ETHICS = "ethics", gettext_lazy("Ethics")
        EXTERNAL = "external", gettext_lazy("Public interest")

    committee = models.ForeignKey(Committee, models.PROTECT, related_name="memberships")
    person = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    function = models.CharField(gettext_lazy("function"), max_length=20, choices=Function)
    in_field = models.BooleanField(gettext_lazy("works in the field of AI"))
    affiliated = models.BooleanField(gettext_lazy("belongs to the provider, or has family there"))
    seated_at = models.DateTimeField(default=now, editable=False)
    left_at = models.DateTimeField(null=True, editable=False)

    reference_field = "id"
    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["seated_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["committee", "person"], condition=Q(left_at=None), name="membership_seated_once"
            ),
            models.CheckConstraint(
                condition=Q(left_at=None) | Q(left_at__gte=models.F("seated_at")), name="membership_left_after_seated"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} ({self.get_function_display()})"

    @property
    def title(self) -> str:
        return str(self)

    def history_of(self) -> Record:
        return self.committee

    @property
    def seat_held(self) -> Seat:
        return Seat(function=self.function, in_field=self.in_field, affiliated=self.affiliated)

    @operation(
        creates=True,
        permission=Permission.COMMITTEE_CONSTITUTE,
        guard=may_be_seated,
        said=gettext_lazy("seated a member"),
    )
    def seat(self, *, actor: Actor) -> None:
        """Give a person a seat. Nobody seats themselves; ballots open already are not theirs to vote in."""

    @operation(permission=Permission.COMMITTEE_CONSTITUTE, guard=still_seated, said=gettext_lazy("unseated a member"))
    def unseat(self, *, actor: Actor, reason: str) -> None:
        """End a seat. Votes that were cast from it stay counted."""
        self.left_at = now()
