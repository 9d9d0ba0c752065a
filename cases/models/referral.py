"""Referral: what was told to an authority, and Withholding: for how long the law keeps the notice from the account
holder. Neither shows content: what was handed over is named, and stays where it is sealed.
"""

from datetime import datetime, timedelta
from typing import Any, Self

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import silence
from cases.models import served
from cases.models.case import Case
from cases.models.consent import not_agreed
from cases.models.stake import others
from tipstaff.accounts.models import User
from tipstaff.notices.models import Message
from tipstaff.permissions import Permission
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

TEXT_LIMIT = 2000
NAME_LIMIT = 200
NUMBER_LIMIT = 120
LONGEST = timedelta(days=366)  # that one order may keep a notice back; a longer one is ordered anew


def referable(person: Any) -> QuerySet[Case]:
    """The cases whose rule makes referral compulsory and that no authority was told of, or not since another one went
    into them, the first due first; without those about the account of `person`, who looks.
    """
    made = Referral.objects.filter(case=OuterRef("pk"))
    since = ~Exists(made.filter(made_at__gt=OuterRef("owed_again_at")))
    rows = others(Case.objects.filter(refers=True), person, "subject").exclude(state=Case.State.MERGED)
    return (
        rows.filter(~Exists(made) | Q(owed_again_at__isnull=False) & since)
        .select_related("rule__version", "subject")
        .order_by("opened_at", "pk")
    )


class SeenByReferrers[R: Record](RefQuerySet[R]):
    def visible_to(self, person: Any) -> Self:
        sees = person.may(Permission.REFERRAL_MAKE) or person.may(Permission.CASE_VIEW)
        return others(self, person) if sees else self.none()


def not_merged(record: "Referral | Withholding", actor: Actor) -> str | None:
    if record.case.merged_into_id:
        return _("%(case)s went into another case; go on there.") % {"case": record.case.ref}
    return None


@references.register("referral")
class Referral(Record):
    case = models.ForeignKey(Case, models.PROTECT, related_name="referrals")
    authority = models.CharField(max_length=NAME_LIMIT)
    authority_ref = models.CharField(max_length=NUMBER_LIMIT, blank=True, help_text="The number it has there.")
    basis = models.TextField(max_length=TEXT_LIMIT, help_text="The law that asks for it or allows it.")
    handed_over = models.TextField(max_length=TEXT_LIMIT, help_text="What was handed over, named and not shown.")
    named = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, help_text="The reports whose reporter was named."
    )
    duty = models.TextField(max_length=TEXT_LIMIT, blank=True, help_text="The law that compels naming without consent.")
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"
    listed_with = ("case",)
    objects = SeenByReferrers["Referral"].as_manager()

    class Meta:
        ordering = ["-made_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(authority="") & ~Q(basis="") & ~Q(handed_over=""), name="referral_is_whole"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return _("Notice of %(case)s to %(authority)s") % {"case": self.case.ref, "authority": self.authority}

    def history_of(self) -> Record:
        return self.case

    def get_absolute_url(self) -> str:
        return reverse("cases:referral", args=[self.case.ref])

    def complete(self, *, actor: Actor) -> None:
        self.made_at = now()
        known = set(self.case.reports.exclude(contact="").filter(ref__in=self.named).values_list("ref", flat=True))
        self.named = sorted(known)
        for name in ("authority", "authority_ref", "basis", "handed_over"):
            setattr(self, name, getattr(self, name).strip())
        if not (self.authority and self.basis and self.handed_over):
            raise Refused(_("Name the authority, the law, and what was handed over."))
        self.duty = self.duty.strip()
        if self.named and not self.duty:
            self._ask_consents()

    def _ask_consents(self) -> None:
        """Refused where a reporter would be named who has not agreed, and no law that compels it is given (S50)."""
        if missing := not_agreed(self.case.reports.filter(ref__in=self.named), "authority", self.authority):
            raise Refused(
                _("Nobody agreed to be named for %(reports)s. Ask the reporter first, or give the law that compels it.")
                % {"reports": ", ".join(missing)}
            )

    @operation(
        creates=True,
        permission=Permission.REFERRAL_MAKE,
        guard=not_merged,
        said=gettext_lazy("recorded a notice to an authority"),
    )
    def make(self, *, actor: User) -> None:
        """Record that an authority was told; the clock of that notice stops."""
        clocks.stop(self.case, Clock.Kind.AUTHORITY)


class WithholdingQuerySet(SeenByReferrers["Withholding"]):
    def of(self, case: Case) -> Self:
        """Those of the case and of all that became one with it."""
        return self.filter(case__in=served.whole(case.pk))

    def in_force(self, at: datetime) -> Self:
        return self.filter(lifted_at=None, ordered_at__lte=at, until__gt=at)


def none_in_force(withholding: "Withholding", actor: Actor) -> str | None:
    if refusal := not_merged(withholding, actor):
        return refusal
    if withholding.case.subject_id is None:
        return _("There is no account behind this case, so nobody is to be told.")
    other = Withholding.objects.of(withholding.case).in_force(now()).first()
    if other is not None:
        return _("The notice is kept back until %(time)s UTC already; lift that first.") % {
            "time": f"{other.until:%d.%m.%Y %H:%M}"
        }
    return None


def is_in_force(withholding: "Withholding", actor: Actor) -> str | None:
    return None if withholding.holds(now()) else _("It is over: what was kept back is on its way.")


@references.register("withholding")
class Withholding(Record):
    """An authority asked for silence until a time (as under DSA 18 and national law). It ends by itself."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="withholdings")
    authority = models.CharField(max_length=NAME_LIMIT)
    order_ref = models.CharField(max_length=NUMBER_LIMIT, help_text="The number of its order.")
    basis = models.TextField(max_length=TEXT_LIMIT)
    until = models.DateTimeField()
    ordered_by = models.ForeignKey(User, models.PROTECT, related_name="+", help_text="Who wrote the order down.")
    ordered_at = models.DateTimeField(default=now, editable=False)
    lifted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    lifted_reason = models.CharField(max_length=300, blank=True)

    reference_field = "id"
    listed_with = ("case",)
    objects = WithholdingQuerySet.as_manager()

    class Meta:
        ordering = ["-ordered_at"]
        constraints = [
            models.CheckConstraint(condition=Q(until__gt=models.F("ordered_at")), name="withholding_ends"),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None) | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="withholding_lifted_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(authority="") & ~Q(basis="") & ~Q(order_ref=""), name="withholding_is_whole"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return _("Notice of %(case)s kept back") % {"case": self.case.ref}

    def history_of(self) -> Record:
        return self.case

    def get_absolute_url(self) -> str:
        return reverse("cases:referral", args=[self.case.ref])

    def holds(self, at: datetime) -> bool:
        return self.lifted_at is None and self.ordered_at <= at < self.until

    @property
    def in_force(self) -> bool:
        return self.holds(now())

    def complete(self, *, actor: Actor) -> None:
        self.ordered_at = now()
        for name in ("authority", "order_ref", "basis"):
            setattr(self, name, getattr(self, name).strip())
        if not (self.authority and self.order_ref and self.basis):
            raise Refused(_("Name the authority, the number of its order, and the law."))
        if not self.ordered_at < self.until <= self.ordered_at + LONGEST:
            raise Refused(_("Say until when: a time ahead, and no more than a year from now."))

    @operation(
        creates=True,
        permission=Permission.NOTICE_WITHHOLD,
        guard=none_in_force,
        said=gettext_lazy("wrote down that the account holder is told later"),
    )
    def order(self, *, actor: User) -> None:
        """Keep every mail about this case from the account holder until then, also those that wait already."""
        silence.move(self.case_id, self.until)

    @operation(
        permission=Permission.NOTICE_WITHHOLD,
        guard=is_in_force,
        label=gettext_lazy("Tell the account holder now"),
        said=gettext_lazy("let the account holder be told"),
    )
    def lift(self, *, actor: User, reason: str) -> None:
        """The reason for silence is gone: what was kept back leaves now, unless another order still keeps it."""
        self.lifted_by, self.lifted_at, self.lifted_reason = actor, now(), reason[:300]
        others = Withholding.objects.of(self.case).in_force(now()).exclude(pk=self.pk)
        longest = others.aggregate(until=models.Max("until"))["until"]
        silence.move(self.case_id, longest or now())
        if longest is None:
            self.owe(since=now())

    def owe(self, *, since: datetime) -> None:
        """Start the clock of each statement that was kept back and has not left, counted from when it might."""
        for decision in _unsent(self.case):
            clocks.start_if_set(
                decision,
                Clock.Kind.STATEMENT,
                severity=decision.case.severity,
                referral=decision.refers,
                since=since,
            )


def _unsent(case: Case) -> list[Any]:
    """The decisions of the case whose statement still waits, and has no clock."""
    decisions: Any = apps.get_model("cases", "Decision").objects
    rows = decisions.filter(case__in=served.whole(case.pk), issued_at__isnull=False).select_related("case", "rule")
    issued = {one.reference: one for one in rows}
    waiting = Message.objects.filter(state=Message.State.QUEUED, kind="decision_issued", about__in=list(issued))
    timed = Clock.objects.filter(kind=Clock.Kind.STATEMENT, about__in=list(issued)).values("about")
    return [issued[about] for about in waiting.exclude(about__in=timed).values_list("about", flat=True)]
