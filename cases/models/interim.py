"""Interim: the answer to the question whether an account must be limited while its case is looked into. Never a
finding, never a strike; a measure lapses by itself, counts towards the final one, and ends with the decision at
the latest.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import protection
from cases.models import served
from cases.models.case import OPEN, Case
from cases.models.effect import INTERIM_KINDS
from cases.models.hand import Hand
from cases.models.sanction import Sanction
from cases.models.stake import others
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

REASON_LIMIT = 2000
REASON_MINIMUM = 30  # characters: shorter says nothing to who is limited
SCOPE_LIMIT = 200


class InterimQuerySet(RefQuerySet["Interim"]):
    def visible_to(self, person: Any) -> "InterimQuerySet":
        return others(self, person) if person.may(Permission.CASE_VIEW) else self.none()


def may_answer(interim: "Interim", actor: Actor) -> str | None:
    """The case is open, has an account, and the actor is or becomes one of its investigators."""
    case = interim.case
    if case.state not in OPEN:
        return _("This case is decided, so nothing is imposed before a decision any more.")
    if case.subject_id is None:
        return _("This case is about what the system did: there is no account to limit.")
    if (part := case.part_of(actor)) and part != Hand.Part.INVESTIGATED:
        return _("You %(part)s this case; someone else must answer this.") % {"part": Hand.Part(part).label}
    if case.state == Case.State.PROPOSED and not part:
        return _("A decision is proposed already; whoever investigated the case can still answer this.")
    return None


def may_impose(interim: "Interim", actor: Actor) -> str | None:
    if refusal := may_answer(interim, actor):
        return refusal
    if interim.cap is None:
        return _("The policy allows interim measures from severity %(level)s; this case has %(severity)s.") % {
            "level": interim.rules["allowed_from_severity"],
            "severity": interim.case.severity,
        }
    if Sanction.objects.filter(interim__case__in=served.joined(interim.case_id)).standing(now()).exists():
        return _("An interim measure is in force in this case. Lift it first if another one is needed.")
    latest = interim.latest_end
    if latest is not None and latest <= now():
        return _("The %(hours)s hours that interim measures may last in this case are used up.") % {
            "hours": interim.cap
        }
    return None


def may_second(interim: "Interim", actor: Actor) -> str | None:
    if not interim.is_in_force:
        return _("No measure of this kind is in force any more.")
    if interim.seconded_by_id:
        return _("%(name)s agreed to it already.") % {"name": interim.seconded_by}
    if interim.answered_by == actor:
        return _("You imposed it; someone else must agree to it.")
    if refusal := Hand.may_judge(interim.case, actor):
        return refusal
    if interim.longest_until is None or interim.measure.ends_at == interim.longest_until:
        return _("It lasts as long as it may already.")
    return None


def may_lift(interim: "Interim", actor: Actor) -> str | None:
    return None if interim.is_in_force else _("No measure of this kind is in force any more.")


@references.register("interim")
class Interim(Record):
    case = models.ForeignKey(Case, models.PROTECT, related_name="interims")
    needed = models.BooleanField()
    reason = models.TextField(max_length=REASON_LIMIT)
    lighter = models.TextField(blank=True, max_length=REASON_LIMIT, help_text="Why a lighter measure is not enough.")
    answered_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    answered_part = models.CharField(max_length=20, default=Hand.Part.INVESTIGATED, editable=False)
    answered_at = models.DateTimeField(default=now, editable=False)
    longest_until = models.DateTimeField(null=True, help_text="How long it may last once somebody else agreed.")
    seconded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    seconded_at = models.DateTimeField(null=True)

    reference_field = "id"
    objects = InterimQuerySet.as_manager()

    class Meta:
        ordering = ["answered_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(needed=True, longest_until__isnull=False)
                | Q(needed=False, longest_until=None, seconded_by=None),
                name="interim_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(seconded_by=None, seconded_at=None)
                | Q(seconded_by__isnull=False, seconded_at__isnull=False) & ~Q(seconded_by=models.F("answered_by")),
                name="interim_seconded_by_somebody_else",
            ),
            models.CheckConstraint(condition=Q(answered_part="investigated"), name="interim_answered_part"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        if not self.needed:
            return _("No interim measure in %(case)s") % {"case": self.case.ref}
        return _("Interim measure in %(case)s") % {"case": self.case.ref}

    def history_of(self) -> Record:
        return self.case

    @property
    def rules(self) -> dict[str, Any]:
        """What the matrix that applies says about interim measures."""
        return dict(self.case.rule.version.matrix.document["interim_measures"])

    @property
    def cap(self) -> int | None:
        """Hours that all interim measures of the case may last together; None where none is allowed."""
        return self.case.rule.version.matrix.interim_hours(self.case.severity)

    @property
    def latest_end(self) -> datetime | None:
        """Counted from the first measure of the case: one after another does not last longer than one."""
        borne = Sanction.objects.filter(interim__case__in=served.joined(self.case_id)).order_by("starts_at")
        first = borne.values_list("starts_at", flat=True).first() or self.answered_at
        return None if self.cap is None else first + timedelta(hours=self.cap)

    @property
    def is_in_force(self) -> bool:
        return self.needed and self.measure.is_in_force

    def complete(self, *, actor: Actor) -> None:
        """Say why, and write down that whoever answers this investigates: they issue nothing in this case later."""
        self.answered_at = now()
        self.reason, self.lighter = self.reason.strip(), self.lighter.strip()
        if len(self.reason) < REASON_MINIMUM:
            raise Refused(
                _("Give a reason of at least %(count)s characters: what is to be feared until the decision.")
                % {"count": REASON_MINIMUM}
            )
        self.longest_until = self.latest_end if self.needed else None
        self.answered_part = self.case.take_part(self.answered_by, Hand.Part.INVESTIGATED)

    @operation(
        creates=True,
        permission=Permission.INTERIM_ANSWER,
        guard=may_impose,
        said=gettext_lazy("imposed an interim measure"),
    )
    def impose(self, *, actor: Actor, kind: str, terms: dict[str, Any]) -> None:
        """Limit the account at once, as narrowly as stops the harm, and tell its holder why and until when."""
        if kind not in INTERIM_KINDS or kind not in self.rules["types"]:
            raise Refused(_("The policy does not allow this measure before a decision."))
        if kind == Sanction.Kind.TEMPORARY_SUSPENSION and len(self.lighter) < REASON_MINIMUM:
            raise Refused(_("Say why a limit or the loss of a feature is not enough: a suspension stops everything."))
        alone = self.answered_at + timedelta(hours=self.rules.get("second_approval_within_hours") or self.cap or 0)
        measure = Sanction(
            case=self.case,
            interim=self,
            subject=self.case.subject,
            kind=kind,
            terms=terms,
            starts_at=self.answered_at,
            ends_at=min(alone, self.longest_until or alone),
        )
        measure.impose(actor=actor)
        clocks.stop(self.case, Clock.Kind.INTERIM)
        protection.tell_imposed(self, measure, actor=actor)

    @operation(
        creates=True,
        permission=Permission.INTERIM_ANSWER,
        guard=may_answer,
        said=gettext_lazy("found that no interim measure is needed"),
    )
    def rule_out(self, *, actor: Actor) -> None:
        """Nothing has to be limited before the decision; the clock of the question stops."""
        clocks.stop(self.case, Clock.Kind.INTERIM)

    @operation(
        permission=Permission.INTERIM_SECOND,
        guard=may_second,
        label=gettext_lazy("Agree, and let it last"),
        said=gettext_lazy("agreed to an interim measure"),
    )
    def second(self, *, actor: User) -> None:
        """Somebody else agrees: it may last as long as the policy allows. Without this it lapses sooner."""
        self.seconded_by, self.seconded_at = actor, now()
        self.case.take_part(actor, Hand.Part.JUDGED)
        self.measure.extend(actor=actor, until=self.longest_until)
        protection.tell_extended(self, actor=actor)

    @operation(
        permission=Permission.INTERIM_ANSWER,
        guard=may_lift,
        label=gettext_lazy("Lift"),
        said=gettext_lazy("lifted an interim measure"),
    )
    def lift(self, *, actor: Actor, reason: str) -> None:
        """End it before its time, and say so to the account holder."""
        self.measure.lift(actor=actor, reason=reason)
