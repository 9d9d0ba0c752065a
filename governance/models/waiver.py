"""Waiver: named rules suspended for named accounts and conduct, on conditions, until a day. It never amends a rule."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.models import Rule
from governance import letters
from governance.models import waiver_guards as guards
from governance.models.ballot import Ballot, BallotQuerySet
from governance.models.covering import UNDECIDED, WaiverQuerySet
from governance.models.dossier import Dossier
from governance.models.spell import Spell, WaiverBeneficiary, WaiverRule
from tipstaff.accounts.models import Subject, User
from tipstaff.permissions import Permission
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.vault.models import SealedFile
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.unit import in_unit_of_work

RECERTIFY_MONTHS = {"high": 3, "medium": 6, "low": 12}  # how often the holder states that the conditions are kept
GRACE = timedelta(days=14)
REVISABLE = ("conduct", "purpose", "data_involved", "safeguards", "jurisdictions", "residual_risk")


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


@references.register("waiver")
class Waiver(Dossier):
    owner_field = "screened_by"
    objects = WaiverQuerySet.as_manager()

    class Meta(Dossier.Meta):
        pass

    def __str__(self) -> str:
        return self.ref

    def get_absolute_url(self) -> str:
        return reverse("governance:waiver", args=[self.ref])

    @classmethod
    def ask(
        cls,
        *,
        actor: Actor,
        rules: Iterable[Rule],
        beneficiaries: Iterable[Subject] = (),
        files: Iterable[SealedFile] = (),
        **columns: Any,
    ) -> "Waiver":
        """Draft and submit a request in one transaction: what the public form and the API do."""
        waiver = cls(**columns)

        def act(_work: Any) -> None:
            waiver.draft(actor=actor, rules=list(rules), beneficiaries=list(beneficiaries))
            waiver.submit(actor=actor, files=list(files))

        in_unit_of_work(act)
        return waiver

    @property
    def severity(self) -> int:
        """That of the gravest rule it names."""
        return max((rule.severity for rule in self.rules.all()), default=2)

    @property
    def files(self) -> Any:
        return SealedFile.objects.of(self)

    @property
    def ballots(self) -> BallotQuerySet:
        return Ballot.objects.about(self)

    @property
    def open_ballot(self) -> Ballot | None:
        ballot = self.ballots.open_now().first()
        if ballot is not None:
            ballot.matter = self
        return ballot

    @property
    def spell(self) -> Spell | None:
        """The spell that no act has cut, if there is one."""
        return next((spell for spell in self.spells.all() if spell.cut_at is None), None)

    @property
    def is_over(self) -> bool:
        """Whether its last day is past: whatever else happened, it permits nothing any more."""
        return self.ends_on is not None and self.ends_on < now().date()

    @property
    def at_rest_since(self) -> datetime | None:
        """From the end of its last day, or from when nothing could come of it any more."""
        if self.state in (self.State.REFUSED, self.State.WITHDRAWN, self.State.REVOKED):
            return self.decided_at or self.submitted_at
        return midnight(self.ends_on) + timedelta(days=1) if self.ends_on and self.is_over else None

    def standing(self, at: datetime) -> str:
        """How it stands at `at`, computed: a state, or of a granted one in_force, pending, lapsed or expired."""
        if self.state not in (self.State.GRANTED, self.State.SUSPENDED):
            return str(self.state)
        if self.ends_on and midnight(self.ends_on) + timedelta(days=1) <= at:
            return "expired"
        spell = self.spell
        if self.state == self.State.SUSPENDED or spell is None:
            return str(self.state)
        if at < spell.begins_at:
            return "pending"
        return "lapsed" if spell.lapses_at and spell.lapses_at <= at else "in_force"

    @property
    def standing_now(self) -> str:
        return self.standing(now())

    @property
    def standing_label(self) -> str:
        """How it stands now, in words."""
        words = {
            "in_force": _("In force"),
            "pending": _("Granted, not begun"),
            "lapsed": _("Lapsed"),
            "expired": _("Expired"),
        }
        return words.get(self.standing_now) or str(self.get_state_display())

    def gaining(self) -> list[User]:
        """People who work here and gain by it: owner of the system, contact of the applicant or of an account."""
        contacts = {self.contact, *self.beneficiaries.values_list("contact", flat=True)} - {""}
        mails = [contact.lower() for contact in contacts]
        owner = self.system.owner_id if self.system else None
        return list(User.objects.annotate(mail=Lower("email")).filter(Q(mail__in=mails) | Q(pk=owner)))

    def barred(self) -> dict[User, str]:
        """Who may not vote on it (W2)."""
        barred = {person: _("Gains by it, as owner or contact.") for person in self.gaining()}
        if self.screened_by:
            barred[self.screened_by] = _("Screened the request.")
        if self.requested_by:
            barred[self.requested_by] = _("Asked for this waiver.")
        return barred

    def ballot_refusal(self, ballot: Ballot, actor: Actor) -> str | None:
        if self.state != self.State.UNDER_REVIEW:
            return _("This request is not before the committee.")
        if refusal := guards.not_concerned(self, actor):
            return refusal
        if self.open_ballot:
            return _("The committee is voting on it already.")
        if self.confirmed_at is None or not self.beneficiaries.exists():
            return _("Screening has not confirmed the facts yet; the committee votes on confirmed facts only.")
        return self._wrong_terms([*ballot.conditions], ballot.until)

    def _wrong_terms(self, conditions: list[str], ends_on: date | None) -> str | None:
        if not any(condition.strip() for condition in conditions):
            return _("Set at least one condition: a waiver is granted on conditions only.")
        if ends_on is None or self.starts_on is None or self.ends_on is None:
            return _("Set the last day: every waiver ends.")
        if ends_on > self.ends_on:
            return _("The last day cannot be later than the one asked for.")
        if ends_on <= max(self.starts_on, now().date()):
            return _("The last day has to come after the first, and after today.")
        return None

    def clock_moved(self, clock: Clock) -> None:
        if clock.kind == Clock.Kind.WAIVER:
            due_at = None if clock.stopped_at or clock.paused_at else clock.due_at
            type(self).objects.filter(pk=self.pk).exclude(due_at=due_at).update(due_at=due_at)
            self.due_at = due_at

    def complete(self, *, actor: Actor) -> None:
        if self.requested_by and not self.contact:
            self.contact = self.requested_by.email

    @operation(creates=True, permission=Permission.WAIVER_REQUEST, said=gettext_lazy("drafted a request for a waiver"))
    def draft(self, *, actor: Actor, rules: list[Rule], beneficiaries: list[Subject]) -> None:
        """Begin a request. Only who drafted it sees it until it is submitted."""
        self._name(rules, beneficiaries)

    @operation(
        source="draft",
        permission=Permission.WAIVER_REQUEST,
        guard=guards.by_the_applicant,
        said=gettext_lazy("changed the draft"),
    )
    def amend(self, *, actor: Actor, rules: list[Rule], beneficiaries: list[Subject], **columns: Any) -> None:
        """Change a draft: any column of the request."""
        for name in columns.keys() - {"state", "requested_by", "token"}:
            setattr(self, name, columns[name])
        self.rules.clear()
        self._name(rules, beneficiaries)

    def _name(self, rules: list[Rule], beneficiaries: list[Subject]) -> None:
        WaiverRule.objects.bulk_create(WaiverRule(waiver=self, rule=rule) for rule in dict.fromkeys(rules))
        self._cover(beneficiaries)

    def _cover(self, beneficiaries: list[Subject]) -> None:
        self.beneficiaries.clear()
        WaiverBeneficiary.objects.bulk_create(
            WaiverBeneficiary(waiver=self, subject=subject) for subject in dict.fromkeys(beneficiaries)
        )

    @operation(
        source="draft",
        target="submitted",
        permission=Permission.WAIVER_REQUEST,
        guard=guards.may_be_submitted,
        label=gettext_lazy("Submit"),
        said=gettext_lazy("asked for a waiver"),
    )
    def submit(self, *, actor: Actor, files: list[SealedFile]) -> None:
        """Send the request in. Refused for rules that nobody can waive, without an end, or with anything left open."""
        self.submitted_at, self.route = now(), self._route_of_ground()
        for sealed in files:
            sealed.give_to(self, actor=actor)
        clocks.start(self, Clock.Kind.WAIVER_RECEIPT, severity=self.severity)
        self.due_at = clocks.start(self, Clock.Kind.WAIVER, severity=self.severity).due_at
        letters.confirm_receipt(self, actor=actor)

    def _route_of_ground(self) -> str:
        """An exemption that an analyst grants is decided at screening; everything else by the committee."""
        rules = self.rules.select_related("version__catalogue")
        grants = {guards.exemption_of(rule, self.exemption)["grant"] for rule in rules} if self.exemption else set()
        return self.Route.SCREENING if grants == {"analyst"} else self.Route.COMMITTEE

    @operation(
        source=["submitted", "screening"],
        target="screening",
        permission=Permission.WAIVER_SCREEN,
        guard=guards.free_to_screen,
        label=gettext_lazy("Screen it"),
        said=gettext_lazy("took the request up for screening"),
    )
    def screen(self, *, actor: User) -> None:
        """Take the request up. Whoever screens it has no vote on it."""
        self.screened_by, self.screened_at = actor, now()
        clocks.stop(self, Clock.Kind.WAIVER_RECEIPT)

    @operation(
        source=["screening", "under_review"],
        permission=Permission.WAIVER_SCREEN,
        guard=guards.no_vote_under_way,
        label=gettext_lazy("Confirm the facts"),
        said=gettext_lazy("confirmed the facts"),
    )
    def confirm_facts(self, *, actor: Actor, beneficiaries: list[Subject], risk: str, conflicts: str) -> None:
        """Say which accounts it is for, how much risk stays, and whose interests are touched."""
        if not beneficiaries:
            raise Refused(_("Name at least one account that it would cover."))
        if risk not in self.Risk.values:
            raise Refused(_("Rate the risk that stays: low, medium or high."))
        self._cover(beneficiaries)
        self.risk, self.conflicts, self.confirmed_at = risk, conflicts.strip(), now()

    @operation(
        source="screening",
        target="under_review",
        permission=Permission.WAIVER_SCREEN,
        guard=guards.confirmed,
        label=gettext_lazy("Put to the committee"),
        said=gettext_lazy("put the request to the committee"),
    )
    def put_to_committee(self, *, actor: Actor) -> None:
        """Screening is done: the chair can open a ballot."""

    @operation(
        source=["screening", "under_review"],
        target="changes_requested",
        permission=Permission.WAIVER_SCREEN,
        guard=guards.no_vote_under_way,
        label=gettext_lazy("Ask for changes"),
        said=gettext_lazy("asked for changes"),
    )
    def request_changes(self, *, actor: Actor, changes: str) -> None:
        """Name what has to change; the clock waits for the answer."""
        if not changes.strip():
            raise Refused(_("Say what has to change."))
        self.changes = changes.strip()
        clocks.pause(self, reason=Clock.PauseReason.APPLICANT)
        self.due_at = None
        letters.ask_for_changes(self, actor=actor)

    @operation(
        source="changes_requested",
        target="under_review",
        permission=Permission.WAIVER_REQUEST,
        guard=guards.by_the_applicant,
        label=gettext_lazy("Answer"),
        said=gettext_lazy("answered the request for changes"),
    )
    def answer(self, *, actor: Actor, answer: str, files: list[SealedFile], **revised: str) -> None:
        """Answer, and change what is asked for where needed. The facts are then confirmed anew."""
        for name in revised.keys() & set(REVISABLE):
            setattr(self, name, revised[name])
        self.answers = f"{self.answers}\n\n{answer.strip()}".strip()
        self.confirmed_at = None
        for sealed in files:
            sealed.give_to(self, actor=actor)
        clocks.resume(self)
        self.due_at = Clock.objects.running().about(self).get(kind=Clock.Kind.WAIVER).due_at

    @operation(
        source="under_review",
        target="granted",
        permission=Permission.BALLOT_OPEN,
        guard=guards.ballots_say(granted=True),
        label=gettext_lazy("Grant"),
        said=gettext_lazy("closed the vote: the waiver is granted"),
    )
    def grant(self, *, actor: User, reasons: str) -> None:
        """Close the ballot that grants it, on the conditions and to the end that were voted on."""
        ballot = self._close_ballot(actor)
        self.conditions, self.ends_on = ballot.conditions, ballot.until
        self._decide(actor, "granted", reasons)
        self._begin()

    @operation(
        source="under_review",
        target="refused",
        permission=Permission.BALLOT_OPEN,
        guard=guards.ballots_say(granted=False),
        label=gettext_lazy("Refuse"),
        said=gettext_lazy("closed the vote: the waiver is refused"),
    )
    def refuse(self, *, actor: User, reasons: str) -> None:
        """Close the ballot that refuses it, with reasons that the applicant may answer (45 CFR 46.109)."""
        self._close_ballot(actor)
        self._decide(actor, "refused", reasons)

    def _close_ballot(self, actor: User) -> Ballot:
        self.ballot = self.open_ballot
        if self.ballot is None:
            raise Refused(_("The committee has not voted on this."))
        self.ballot.close(actor=actor)
        return self.ballot

    @operation(
        source=["screening", "under_review"],
        target="granted",
        permission=Permission.WAIVER_SCREEN,
        guard=guards.may_grant_alone,
        label=gettext_lazy("Grant at screening"),
        said=gettext_lazy("granted the waiver at screening"),
    )
    def grant_at_screening(self, *, actor: User, reasons: str, conditions: list[str], ends_on: date) -> None:
        """Grant an exemption of the kind an analyst may; the committee sees it and may recall it."""
        if wrong := self._wrong_terms(conditions, ends_on):
            raise Refused(wrong)
        self.conditions = [condition.strip() for condition in conditions if condition.strip()]
        self.ends_on = ends_on
        self._decide(actor, "granted", reasons)
        self._begin()

    def _decide(self, actor: User, outcome: str, reasons: str) -> None:
        if not reasons.strip():
            raise Refused(_("Give the reasons; the applicant reads them."))
        self.decided_by, self.decided_at, self.reasons, self.due_at = actor, now(), reasons.strip(), None
        clocks.stop(self, Clock.Kind.WAIVER)
        letters.tell(self, outcome, actor=actor)

    @operation(
        source="granted",
        target="under_review",
        permission=Permission.WAIVER_REVOKE,
        guard=guards.granted_alone,
        label=gettext_lazy("Recall to the committee"),
        said=gettext_lazy("recalled the waiver to the committee"),
    )
    def recall(self, *, actor: User, reasons: str) -> None:
        """Take what was granted at screening before the committee. It holds no longer; a new clock runs."""
        self._end(actor, "recalled", reasons)
        self.recalled_at, self.decided_by, self.decided_at = now(), None, None
        self.due_at = clocks.start(self, Clock.Kind.WAIVER, severity=self.severity).due_at

    @operation(
        source="granted",
        target="suspended",
        permission=Permission.WAIVER_SUSPEND,
        guard=guards.not_ended,
        label=gettext_lazy("Suspend"),
        said=gettext_lazy("suspended the waiver"),
    )
    def suspend(self, *, actor: User, reasons: str) -> None:
        """Stop it for now: conditions were broken or harm appeared (45 CFR 46.113). The holder is told at once."""
        self._end(actor, "suspended", reasons)

    @operation(
        source="suspended",
        target="granted",
        permission=Permission.WAIVER_REVOKE,
        guard=guards.not_ended,
        label=gettext_lazy("Reinstate"),
        said=gettext_lazy("reinstated the waiver"),
    )
    def reinstate(self, *, actor: User, reasons: str) -> None:
        """Let it hold again from now on, to the same end. The time in between stays uncovered."""
        self._begin()
        self.ended_reason = ""
        letters.tell(self, "reinstated", actor=actor, why=self._said(reasons))

    @operation(
        source=["granted", "suspended"],
        target="revoked",
        permission=Permission.WAIVER_REVOKE,
        guard=guards.not_ended,
        label=gettext_lazy("Revoke"),
        said=gettext_lazy("revoked the waiver"),
    )
    def revoke(self, *, actor: User, reasons: str) -> None:
        """End it for good, before its day."""
        self._end(actor, "revoked", reasons)

    @operation(
        source="granted",
        permission=Permission.WAIVER_REQUEST,
        guard=guards.may_be_attested,
        label=gettext_lazy("State that the conditions are kept"),
        said=gettext_lazy("stated that the conditions are kept"),
    )
    def attest(self, *, actor: Actor, statement: str, files: list[SealedFile]) -> None:
        """The holder states how the conditions are kept, or it lapses. What had lapsed holds again from now on."""
        self._said(statement)
        for sealed in files:
            sealed.give_to(self, actor=actor)
        clocks.stop(self, Clock.Kind.RECERTIFICATION)
        spell, lapses_at = self.spell, self._next_lapse(now())
        if spell and spell.lapses_at and spell.lapses_at <= now():
            self._cut(spell.lapses_at)
            self._begin()
        elif spell:
            spell.lapses_at = lapses_at if lapses_at < spell.ends_at else None
            spell.save(update_fields=["lapses_at"])

    @operation(
        source=UNDECIDED,
        target="withdrawn",
        permission=Permission.WAIVER_WITHDRAW,
        guard=guards.by_the_applicant,
        label=gettext_lazy("Withdraw the request"),
        said=gettext_lazy("withdrew the request"),
    )
    def withdraw(self, *, actor: Actor) -> None:
        """The applicant takes the request back; a vote under way is called off."""
        if ballot := self.open_ballot:
            ballot.call_off(actor=actor, reason=_("The request was withdrawn."))
        for kind in (Clock.Kind.WAIVER_RECEIPT, Clock.Kind.WAIVER):
            clocks.stop(self, kind, cancelled=Clock.CancelReason.WITHDRAWN)
        self.due_at = None

    def _begin(self) -> None:
        """Open a spell: from now, or from the first day if that is later, to the end of the last day."""
        if self.starts_on is None or self.ends_on is None:
            raise Refused(_("Every waiver has a first and a last day."))
        begins_at = max(now(), midnight(self.starts_on))
        ends_at = midnight(self.ends_on) + timedelta(days=1)
        if ends_at <= begins_at:
            raise Refused(_("Its last day is past, so there is nothing left to grant."))
        lapses_at = self._next_lapse(begins_at)
        self.spells.create(begins_at=begins_at, ends_at=ends_at, lapses_at=lapses_at if lapses_at < ends_at else None)

    def _next_lapse(self, since: datetime) -> datetime:
        return since + relativedelta(months=RECERTIFY_MONTHS[self.risk]) + GRACE

    def _cut(self, at: datetime) -> None:
        self.spells.filter(cut_at=None).update(cut_at=at)

    def _said(self, reasons: str) -> str:
        if not reasons.strip():
            raise Refused(_("Give the reasons; they are written down and sent."))
        return reasons.strip()

    def _end(self, actor: User, outcome: str, reasons: str) -> None:
        self.ended_reason = self._said(reasons)
        self._cut(now())
        clocks.stop(self, Clock.Kind.RECERTIFICATION, cancelled=Clock.CancelReason.ENDED)
        letters.tell(self, outcome, actor=actor, why=self.ended_reason)
