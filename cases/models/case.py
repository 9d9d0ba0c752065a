"""Case: one account or what the system did, one group of rules, all reports about that, and who is working on it."""

from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.models import Rule
from cases import silence
from cases.models import carrying, course, stake, timing
from cases.models.answering import for_reporters
from cases.models.gathering import Behaviour, Gathering
from cases.models.hand import Hand
from cases.models.handling import Handled
from cases.models.queue import OPEN, CaseQuerySet
from cases.models.splitting import Splitting
from cases.models.waiting import Awaiting, Waiting
from tipstaff.accounts.models import Subject, User
from tipstaff.permissions import Permission
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import NextRef, Record
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.states import StateField

UNWEIGHED_LIMIT = 100  # that are named one by one
WEIGHED_MINIMUM = 20  # characters of the reason why they change nothing


def no_newer_case(case: "Case", actor: Actor) -> str | None:
    newer = case.same_matter().exclude(pk=case.pk).first()
    if newer is None:
        return None
    if case.subject is None:
        return _("%(case)s is open about what the system did under the same rules; decide that one first.") % {
            "case": newer.ref
        }
    return _("%(case)s is open about the same account and rules; decide that one first.") % {"case": newer.ref}


@references.register("case")
class Case(Gathering, Waiting, Splitting, Handled, Record):
    class State(models.TextChoices):
        OPEN = "open", gettext_lazy("Open")
        INVESTIGATING = "investigating", gettext_lazy("Investigating")
        AWAITING_INFORMATION = "awaiting_information", gettext_lazy("Awaiting information")
        PROPOSED = "proposed", gettext_lazy("Decision proposed")
        DECIDED = "decided", gettext_lazy("Decided")
        CLOSED = "closed", gettext_lazy("Closed")
        MERGED = "merged", gettext_lazy("Merged")

    Awaiting = Awaiting
    Behaviour = Behaviour

    ref = models.CharField(max_length=20, unique=True, db_default=NextRef("C"), editable=False)
    state = StateField(max_length=24, choices=State, default=State.OPEN)
    subject = models.ForeignKey(Subject, models.PROTECT, null=True, blank=True, related_name="cases")
    rule = models.ForeignKey(Rule, models.PROTECT, related_name="+", help_text="The rule alleged, as in force then.")
    rule_group = models.CharField(max_length=10)
    severity = models.PositiveSmallIntegerField()
    trust = models.SmallIntegerField(default=0)
    flagged = models.BooleanField(default=False, help_text="A trusted flagger reported it.")
    due_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(default=now, editable=False)
    decided_at = models.DateTimeField(null=True)
    awaiting = models.CharField(max_length=20, choices=Awaiting, blank=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, related_name="merged")
    closed_at = models.DateTimeField(null=True)
    unweighed = ArrayField(
        models.CharField(max_length=20),
        default=list,
        db_default=[],
        blank=True,
        help_text="Reports that came after the decision was proposed and that nobody weighed.",
    )

    owner_field = "claimed_by"
    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ["-opened_at"]
        indexes = [
            models.Index(
                F("severity").desc(),
                F("flagged").desc(),
                F("due_at").asc(nulls_last=True),
                F("trust").desc(),
                "id",
                include=["subject"],  # so that nobody's own account is left out of a page without reading rows
                condition=Q(state__in=["open", "investigating"]),
                name="case_first_things_first",
            ),
            models.Index(  # the same within a group of rules
                "rule_group",
                F("severity").desc(),
                F("flagged").desc(),
                F("due_at").asc(nulls_last=True),
                F("trust").desc(),
                "id",
                include=["subject"],
                condition=Q(state__in=["open", "investigating"]),
                name="case_first_in_group",
            ),
            models.Index(  # how many there are, and how many of them are late
                fields=["rule_group", "due_at"],
                condition=Q(state__in=["open", "investigating"]),
                name="case_counted_by_group",
            ),
            models.Index(fields=["state", "-opened_at"], name="case_by_state"),
            models.Index(fields=["-opened_at"], name="case_by_time"),
            models.Index(fields=["opened_at"], condition=Q(refers=True), name="case_refers"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "rule_group"], condition=Q(state__in=OPEN), name="case_open_once_per_subject_group"
            ),
            models.UniqueConstraint(
                fields=["rule_group", "system"],
                condition=Q(state__in=OPEN, subject=None),
                nulls_distinct=False,  # a system that nobody knows is one too
                name="case_open_once_per_system_group",
            ),
            models.CheckConstraint(
                condition=Q(system=None) | Q(subject=None), name="case_about_an_account_or_a_system"
            ),
            models.CheckConstraint(condition=Q(severity__gte=1, severity__lte=4), name="case_severity"),
            models.CheckConstraint(
                condition=Q(subject__isnull=False) | Q(behaviour="system"), name="case_subject_unless_system"
            ),
            models.CheckConstraint(condition=~Q(state="decided") | Q(decided_at__isnull=False), name="case_decided_at"),
            models.CheckConstraint(
                condition=Q(claimed_by=None, claimed_until=None)
                | Q(claimed_by__isnull=False, claimed_until__isnull=False),
                name="case_claim_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(state="awaiting_information") & ~Q(awaiting="")
                | ~Q(state="awaiting_information") & Q(awaiting=""),
                name="case_awaiting_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state="merged", merged_into__isnull=False) & ~Q(merged_into=F("id"))
                | ~Q(state="merged") & Q(merged_into=None),
                name="case_merged_into_another",
            ),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | ~Q(state="closed") & Q(closed_at=None),
                name="case_closed_at",
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    def stake_of(self, actor: Actor) -> str | None:
        return stake.stake_of(self, actor)

    def lock(self) -> None:
        super().lock()
        for name in ("packed_conflicts", "rest_refusal"):  # read with the page; something may have come since
            self.__dict__.pop(name, None)

    def get_absolute_url(self) -> str:
        return reverse("cases:case", args=[self.ref])

    def held_with(self) -> list[str]:
        """A hold on the account, or on one that it hangs on, keeps the evidence of the case."""
        names, account = [], self.subject
        while account is not None:
            names.append(account.reference)
            account = account.parent
        return names

    @property
    def at_rest_since(self) -> datetime | None:
        """A case that was merged rests with the one it went into."""
        return self.merged_into.at_rest_since if self.merged_into else self.closed_at

    @cached_property
    def rest_refusal(self) -> str | None:
        """Why it does not come to rest yet, asked once for a page: the guard and the sentence on it are one answer."""
        return course.not_at_rest(self)

    @property
    def claimant(self) -> User | None:
        """Who holds the case now; a lease that ran out holds nothing."""
        return self.claimed_by if self.claimed_until and self.claimed_until > now() else None

    def is_held_by(self, actor: Actor) -> bool:
        """Whether it is `actor` who holds it, told by the row alone."""
        if not isinstance(actor, User) or actor.pk != self.claimed_by_id:
            return False
        return self.claimed_until is not None and self.claimed_until > now()

    def part_of(self, actor: Actor) -> str | None:
        """The part that `actor` has in this case, from the Hand table; None for none."""
        if not isinstance(actor, User):
            return None
        return next((hand.part for hand in self.hands.all() if hand.person_id == actor.pk), None)

    def take_part(self, person: User, part: Hand.Part) -> str:
        """Write down the part of `person` and return it. Refused to someone who has another part already."""
        return Hand.taken(self, person, part)

    def clock_moved(self, clock: Clock) -> None:
        """Keep the copy by which the queue is ordered."""
        if clock.kind == Clock.Kind.DECISION:
            due_at = None if clock.stopped_at or clock.paused_at else clock.due_at
            type(self).objects.filter(pk=self.pk).exclude(due_at=due_at).update(due_at=due_at)

    @operation(creates=True, permission=Permission.CASE_OPEN, said=gettext_lazy("opened the case"))
    def open(self, *, actor: Actor) -> None:
        """Begin a case; its clocks start."""
        self.falls_under(self.rule)
        self.due_at = timing.begin(self)
        if self.refers:
            silence.tell_custodians(self, actor=actor)

    @operation(source=OPEN, permission=Permission.REPORT_TRIAGE, said=gettext_lazy("added a report to the case"))
    def join(self, *, actor: Actor, report: Any, severity: int) -> None:
        """A report belongs to this case, which becomes as severe as the worst of them and is handled as the strictest
        rule asks. A member of staff who wrote one is kept out of the other parts, if they have none yet. Where a
        decision waits already, somebody has to weigh the report first.
        """
        if report.reported_by and not self.part_of(report.reported_by):
            self.take_part(report.reported_by, Hand.Part.REPORTED)
        self.trust, self.flagged = max(self.trust, report.trust), self.flagged or report.flagger_id is not None
        if severity > self.severity:
            self.severity = severity
            self.due_at = timing.regrade(self)
        if carrying.has_to_let_go(self):
            self.let_go()
        self.take_in(report.rule or self.rule, actor=actor)
        if self.state == self.State.PROPOSED:
            self.unweighed = [*self.unweighed, report.ref][:UNWEIGHED_LIMIT]

    @operation(
        source=[State.OPEN, State.INVESTIGATING],
        target=State.MERGED,
        permission=Permission.CASE_LEAD,
        guard=course.nobody_elses,
        said=gettext_lazy("merged the case into another"),
    )
    def merge(self, *, actor: Actor, into: "Case", reason: str) -> None:
        """Move every report into a case about the same rules, which goes on instead of this one; whoever had a part
        here has it there. Refused once the holder of another account has felt something of this one.
        """
        if refusal := course.joins(self, into):
            raise Refused(refusal)
        carrying.carry(self, into, actor=actor, reporters=True)
        into.absorb(actor=actor, case=self, since=timing.owed_since(self))
        self.merged_into, self.due_at = into, None
        silence.keep_together(self, into)
        self.let_go()
        timing.call_off(self)
        for report in self.locked_reports("accepted"):
            report.move(actor=actor, into=into, severity=self.severity)

    @operation(source=OPEN, permission=Permission.CASE_LEAD, said=gettext_lazy("took over how another case is handled"))
    def absorb(self, *, actor: Actor, case: "Case", since: datetime | None) -> None:
        """Another case goes into this one, which is handled as strictly as that was; a notice that an authority is owed
        of it, `since` some time, is owed here.
        """
        self.take_over(case, actor=actor, since=since)

    @operation(
        source=State.INVESTIGATING,
        target=State.PROPOSED,
        permission=Permission.DECISION_PROPOSE,
        said=gettext_lazy("put the case forward for a decision"),
    )
    def put_forward(self, *, actor: Actor, breach_of: Rule | None) -> None:
        """A decision is proposed; the case waits for the person who may issue it, and is handled as the rule asks that
        is held to be broken.
        """
        self.let_go()
        if breach_of:
            self.take_in(breach_of, actor=actor)

    @operation(
        source=State.PROPOSED,
        target=State.INVESTIGATING,
        permission=Permission.DECISION_PROPOSE,
        said=gettext_lazy("took the case back into investigation"),
    )
    def take_back(self, *, actor: Actor) -> None:
        """The proposal was returned or withdrawn; the investigation goes on, with what came meanwhile."""
        self.unweighed = []

    @operation(
        source=State.PROPOSED,
        permission=Permission.DECISION_ISSUE,
        guard=course.may_weigh,
        said=gettext_lazy("weighed what came after the proposal"),
    )
    def weigh(self, *, actor: User, reason: str, read: list[str]) -> None:
        """Read the reports that came after the decision was proposed, and say why they do not change it. Refused while
        there is one that is not among those `read`: it came a moment ago.
        """
        if late := [ref for ref in self.unweighed if ref not in read]:
            raise Refused(
                _("%(report)s came in the meantime. Read it too, and weigh it with the others.") % {"report": late[0]}
            )
        if len(reason.strip()) < WEIGHED_MINIMUM:
            raise Refused(
                _("Say in a sentence why what came does not change the decision (%(count)s characters).")
                % {"count": WEIGHED_MINIMUM},
                field="reason",
            )
        self.unweighed = []

    @operation(
        source=State.PROPOSED,
        target=State.DECIDED,
        permission=Permission.DECISION_ISSUE,
        said=gettext_lazy("closed the investigation with a decision"),
    )
    def decide(self, *, actor: Actor, outcome: str) -> None:
        """A decision was issued: the clock stops and every reporter hears what was found."""
        self.decided_at, self.due_at = now(), None
        timing.end(self)
        told = for_reporters(self, outcome)
        for report in self.locked_reports("accepted"):
            report.answer(actor=actor, outcome=told)

    @operation(
        source=State.DECIDED,
        target=State.CLOSED,
        permission=Permission.CASE_LEAD,
        guard=course.at_rest,
        said=gettext_lazy("closed the case"),
    )
    def close(self, *, actor: Actor) -> None:
        """Nothing can follow any more: no appeal is open, and the time for one is over."""
        self.closed_at = now()
        for report in self.locked_reports("answered"):
            report.close(actor=actor)

    @operation(
        source=State.DECIDED,
        target=State.INVESTIGATING,
        permission=Permission.APPEAL_DECIDE,
        guard=no_newer_case,
        said=gettext_lazy("opened the case again"),
    )
    def reopen(self, *, actor: Actor, reason: str) -> None:
        """An appeal sent it back; a new decision clock starts and the old one keeps its result."""
        clock = clocks.start(self, Clock.Kind.DECISION, severity=self.severity, referral=self.refers)
        self.due_at = clock.due_at
        for report in self.locked_reports("answered"):
            report.wait_again(actor=actor)
