"""Report: what somebody told us, kept as typed. Triage resolves whom it is about and opens or joins a case."""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.models import Rule
from cases import pathways, trust
from cases.models import stake
from cases.models.answerable import Pathway, pathway_of
from cases.models.answering import Answering
from cases.models.case import Case
from cases.models.flagger import Flagger
from cases.models.gathering import severity_refused
from cases.models.proving import Proving
from cases.models.receipt import code_for, hashed_code
from cases.models.wording import Worded
from governance.models import AISystem
from tipstaff import languages
from tipstaff.accounts.models import Subject, Token, User
from tipstaff.notices import outbox
from tipstaff.notices.models import Message
from tipstaff.permissions import Permission
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.vault.models import SealedFile
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import NextRef, Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.states import StateField

DESCRIPTION_LIMIT = 10_000
ACCOUNT_LIMIT = 500
MANDATE_LIMIT = 300
LINKS_LIMIT = 10
CLOCK_OF_MAIL = {
    "report_received": Clock.Kind.RECEIPT,
    "finding_received": Clock.Kind.RECEIPT,
    "report_answered": Clock.Kind.REPORTER,
}


class ReportQuerySet(RefQuerySet["Report"]):
    def visible_to(self, person: Any) -> Self:
        """Staff who may read reports see all but those about themselves; a machine sees what it filed."""
        if isinstance(person, Token):
            own = person.may(Permission.REPORT_VIEW) or person.may(Permission.REPORT_WITHDRAW)
            return self.filter(token=person.pk) if own else self.none()
        return stake.other_reports(self, person) if person.may(Permission.REPORT_VIEW) else self.none()

    def about_own(self, person: Any) -> Self:
        return stake.own_reports(self, person)

    def in_hands_of(self, person: User) -> Self:
        return self.filter(triaged_by=person)


def not_theirs(report: "Report", actor: Actor) -> str | None:
    """DESIGN 1.2: nobody decides their own report, nor again what an appeal found wrong."""
    if report.reported_by_id and report.reported_by_id == getattr(actor, "pk", None):
        return _("You reported this; someone else must triage it.")
    if report.triaged_by_id and report.triaged_by_id == getattr(actor, "pk", None):
        return _("You declined this before an appeal brought it back; someone else must triage it now.")
    return None


def not_another_machines(report: "Report", actor: Actor) -> str | None:
    if isinstance(actor, Token) and report.token != actor.pk:
        return _("Another machine filed this report.")
    return None


@references.register("report")
class Report(Answering, Proving, Worded, Record):
    class State(models.TextChoices):
        RECEIVED = "received", gettext_lazy("Received")
        NEEDS_INFORMATION = "needs_information", gettext_lazy("Question open")
        ACCEPTED = "accepted", gettext_lazy("Under investigation")
        DECLINED = "declined", gettext_lazy("Declined")
        WITHDRAWN = "withdrawn", gettext_lazy("Withdrawn")
        ANSWERED = "answered", gettext_lazy("Answered")
        CLOSED = "closed", gettext_lazy("Closed")

    class Channel(models.TextChoices):
        PUBLIC = "public", gettext_lazy("Public form")
        API = "api", gettext_lazy("API")
        INTERNAL = "internal", gettext_lazy("Internal")
        AUDITOR = "auditor", gettext_lazy("Auditor")

    class Decline(models.TextChoices):
        OUT_OF_SCOPE = "out_of_scope", gettext_lazy("This is outside what the policy covers.")
        INSUFFICIENT = "insufficient", gettext_lazy("There is too little to go on.")
        NOT_A_BREACH = "not_a_breach", gettext_lazy("What is described does not break a rule.")
        UNFOUNDED = "unfounded", gettext_lazy("We found no sign that this happened.")
        OTHER_PROCESS = "other_process", gettext_lazy("Another process deals with this.")

    ref = models.CharField(max_length=20, unique=True, db_default=NextRef("R"), editable=False)
    state = StateField(max_length=20, choices=State, default=State.RECEIVED)
    channel = models.CharField(max_length=20, choices=Channel, default=Channel.PUBLIC)
    rule = models.ForeignKey(Rule, models.PROTECT, null=True, blank=True, related_name="+")
    description = models.TextField(max_length=DESCRIPTION_LIMIT)
    happened_on = models.DateField(null=True, blank=True)
    account = models.CharField(max_length=ACCOUNT_LIMIT, blank=True, help_text="Whom it is about, as they typed it.")
    links = ArrayField(models.URLField(max_length=1000), default=list, blank=True, size=LINKS_LIMIT)
    mandate = models.CharField(max_length=MANDATE_LIMIT, blank=True, help_text="For whom an auditor looked.")
    good_faith = models.BooleanField(default=False)
    contact = models.EmailField(blank=True)
    language = models.CharField(max_length=10, default="en")
    receipt_hash = models.CharField(max_length=64, unique=True, editable=False)
    reported_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    token = models.UUIDField(null=True, blank=True, db_index=True, help_text="The machine that filed it.")
    received_at = models.DateTimeField(default=now, editable=False)
    question = models.TextField(blank=True)
    supplement = models.TextField(blank=True)
    triaged_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    triaged_at = models.DateTimeField(null=True)
    decline_reason = models.CharField(max_length=20, choices=Decline, blank=True)
    decline_note = models.TextField(blank=True)
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="reports")
    flagger = models.ForeignKey(Flagger, models.PROTECT, null=True, blank=True, related_name="reports")
    trust = models.SmallIntegerField(default=0, editable=False, help_text="From -50 to 50, when it was filed.")
    earlier_right = models.PositiveSmallIntegerField(default=0, editable=False)
    earlier_wrong = models.PositiveSmallIntegerField(default=0, editable=False)
    left_out = models.PositiveSmallIntegerField(
        default=0, db_default=0, editable=False, help_text="Files too large to take while very many reports came."
    )

    untold = frozenset({"receipt_hash"})
    owner_field = "triaged_by"
    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["received_at"]
        indexes = [
            models.Index(fields=["state", "received_at"], name="report_by_state"),
            models.Index(Lower("contact"), "received_at", condition=~Q(contact=""), name="report_by_contact"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "answered", "closed"])
                | Q(case__isnull=False, triaged_by__isnull=False),
                name="report_accepted_has_case",
            ),
            models.CheckConstraint(
                condition=~Q(state="declined") | (~Q(decline_reason="") & Q(triaged_by__isnull=False)),
                name="report_declined_has_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["answered", "closed"]) | Q(answered_at__isnull=False),
                name="report_answered_at",
            ),
            models.CheckConstraint(condition=~Q(state="needs_information") | ~Q(question=""), name="report_question"),
            models.CheckConstraint(condition=Q(good_faith=True), name="report_in_good_faith"),
        ]

    def __str__(self) -> str:
        return self.ref

    def get_absolute_url(self) -> str:
        return reverse("cases:report_desk", args=[self.ref])

    @classmethod
    def draw(cls, submission: str, **columns: Any) -> tuple["Report", str]:
        """An unsaved report and its receipt code, which is kept only as a hash. `submission` is a random id."""
        code = code_for(submission, columns.get("description", ""))
        return cls(receipt_hash=hashed_code(code), **columns), code

    @classmethod
    def by_code(cls, code: str) -> "Report | None":
        return cls.objects.filter(receipt_hash=hashed_code(code)).first() if code else None

    @property
    def pathway(self) -> Pathway:
        return pathway_of(self)

    @property
    def severity(self) -> int:
        """Where the rule starts; 2 until somebody has named a rule."""
        return self.rule.severity if self.rule else 2

    @property
    def refers(self) -> bool:
        """Whether its rule makes referral to an authority compulsory."""
        return bool(self.rule and self.rule.legal_referral == Rule.Referral.MANDATORY)

    def stake_of(self, actor: Actor) -> str | None:
        return stake.stake_in_report(self, actor)

    def unnamed(self) -> str:
        """A colleague who reported: whoever works on it judges what was reported and not who did."""
        return self.reported_by.actor_ref if self.reported_by else ""

    def held_with(self) -> list[str]:
        return [self.case.reference, *self.case.held_with()] if self.case else []

    @property
    def at_rest_since(self) -> datetime | None:
        """A report rests with its case; one that led to none, from when it was declined or taken back."""
        if self.case:
            return self.case.at_rest_since
        return (
            (self.triaged_at or self.received_at) if self.state in (self.State.DECLINED, self.State.WITHDRAWN) else None
        )

    @property
    def conduct_at(self) -> datetime:
        """When it happened as far as is known; unknown conduct time is report time (DESIGN 4)."""
        if self.happened_on is None:
            return self.received_at
        return min(datetime.combine(self.happened_on, time(12), tzinfo=UTC), self.received_at)

    @property
    def files(self) -> Iterable[SealedFile]:
        return SealedFile.objects.of(self)

    def complete(self, *, actor: Actor) -> None:
        """Look up how far this reporter was right before, and whether they are a trusted flagger today."""
        if self.flagger is None and self.token:
            self.flagger = Flagger.objects.standing(self.received_at).filter(token=self.token).first()
        elif self.flagger and not self.flagger.stands:
            self.flagger = None
        earlier = trust.standing_of(self)
        self.trust, self.earlier_right, self.earlier_wrong = earlier.score, earlier.right, earlier.wrong

    @operation(
        creates=True, permission=Permission.REPORT_FILE, said=gettext_lazy("filed the report"), despite_stake=True
    )
    def file(self, *, actor: Actor, files: list[SealedFile], quiet: bool = False) -> None:
        """Take a report in: seal it to its files, start the triage clock and confirm receipt (DSA 16(4)). Where it is
        `quiet`, because very many come, that is by mail only to an address that is proven.
        """
        for sealed in files:
            sealed.give_to(self, actor=actor)
        clocks.start(self, Clock.Kind.TRIAGE, severity=self.severity, referral=self.refers)
        audit = self.channel == self.Channel.AUDITOR
        if audit:
            clocks.start_if_set(self, Clock.Kind.FINDING, severity=self.severity, referral=self.refers)
        told = not quiet or self.contact_is_known
        if told and self.tell("finding_received" if audit else "report_received", actor):
            clocks.start_if_set(self, Clock.Kind.RECEIPT, severity=self.severity, referral=self.refers)

    @operation(
        source=State.RECEIVED,
        target=State.NEEDS_INFORMATION,
        permission=Permission.REPORT_TRIAGE,
        guard=not_theirs,
        said=gettext_lazy("asked the reporter a question"),
    )
    def ask(self, *, actor: Actor, question: str) -> None:
        """Ask the reporter one question; the triage clock pauses until they answer."""
        self.question = question
        clocks.pause(self, reason=Clock.PauseReason.REPORTER)
        self.tell("report_question", actor)

    @operation(
        source=State.NEEDS_INFORMATION,
        target=State.RECEIVED,
        permission=Permission.REPORT_WITHDRAW,
        guard=not_another_machines,
        label=gettext_lazy("Answer the question"),
        said=gettext_lazy("answered the question"),
        despite_stake=True,
    )
    def supply(self, *, actor: Actor, answer: str) -> None:
        """The reporter answers, with their receipt code."""
        self.supplement = f"{self.supplement}\n\n{answer}".strip()
        clocks.resume(self)

    @operation(
        source=[State.RECEIVED, State.NEEDS_INFORMATION],
        target=State.ACCEPTED,
        permission=Permission.REPORT_TRIAGE,
        guard=not_theirs,
        said=gettext_lazy("accepted the report"),
    )
    def accept(
        self, *, actor: User, subject: Subject | None, rule: Rule, severity: int, system: AISystem | None = None
    ) -> Case:
        """Resolve whom it is about and open a case, or join the one that is open for this account and rule group.
        Without a `subject` it is about what the system did: `system`, where it is known which. Refused for a severity
        that the matrix does not grade under this rule.
        """
        if refusal := severity_refused(rule, severity):
            raise Refused(refusal)
        self.triaged_by, self.triaged_at, self.rule = actor, now(), rule
        case = Case.gather(actor=actor, subject=subject, rule=rule, severity=severity, trust=self.trust, system=system)
        self.case = case
        case.join(actor=actor, report=self, severity=severity)
        clocks.stop(self, Clock.Kind.TRIAGE)
        return case

    @operation(
        source=[State.RECEIVED, State.NEEDS_INFORMATION],
        target=State.DECLINED,
        permission=Permission.REPORT_TRIAGE,
        guard=not_theirs,
        said=gettext_lazy("declined the report"),
    )
    def decline(self, *, actor: User, reason: str, note: str) -> None:
        """Refuse to open a case, with a reason that is sent; the reporter can appeal (DSA 16(5), 20(1))."""
        self.triaged_by, self.triaged_at = actor, now()
        self.decline_reason, self.decline_note = reason, note
        clocks.stop(self, Clock.Kind.TRIAGE)
        clocks.stop(self, Clock.Kind.FINDING)
        self.tell("report_declined", actor)

    @operation(
        source=[State.RECEIVED, State.NEEDS_INFORMATION],
        target=State.WITHDRAWN,
        permission=Permission.REPORT_WITHDRAW,
        guard=not_another_machines,
        label=gettext_lazy("Withdraw the report"),
        said=gettext_lazy("withdrew the report"),
        despite_stake=True,
    )
    def withdraw(self, *, actor: Actor) -> None:
        """The reporter takes it back before a case was opened."""
        for kind in (Clock.Kind.TRIAGE, Clock.Kind.FINDING):
            clocks.stop(self, kind, cancelled=Clock.CancelReason.WITHDRAWN)

    @operation(
        source=State.ACCEPTED, permission=Permission.CASE_LEAD, said=gettext_lazy("moved the report to another case")
    )
    def move(self, *, actor: Actor, into: Case, severity: int) -> None:
        """Its case was merged into another; the report goes along."""
        self.case = into
        into.join(actor=actor, report=self, severity=severity)

    @operation(
        source=State.ANSWERED,
        target=State.CLOSED,
        permission=Permission.CASE_LEAD,
        said=gettext_lazy("closed the report"),
    )
    def close(self, *, actor: Actor) -> None:
        """The case it belongs to came to rest."""

    @operation(
        source=State.DECLINED,
        target=State.RECEIVED,
        permission=Permission.APPEAL_DECIDE,
        said=gettext_lazy("took the report up again"),
    )
    def reinstate(self, *, actor: Actor) -> None:
        """An appeal succeeded against declining it: triage starts again, with a new clock, by someone else."""
        self.decline_reason, self.decline_note = "", ""
        clocks.start(self, Clock.Kind.TRIAGE, severity=self.severity, referral=self.refers)

    def mail_settled(self, kind: str) -> None:
        if clock := CLOCK_OF_MAIL.get(kind):
            clocks.stop(self, clock)

    def tell(self, kind: str, actor: Actor) -> Message | None:
        """Queue a mail to the reporter, if they gave an address."""
        link = languages.mailed(reverse("cases:follow"), self.language)
        said = pathways.mailed(self) if kind.endswith("_received") and self.contact else {}
        if said:
            said["own"] = settings.BASE_URL + languages.mailed(self.own_url, self.language)
        return outbox.queue(kind, to=self.contact, about=self, actor=actor, language=self.language, link=link, **said)
