"""Which cases there are to work on, in which order, and which one somebody gets next."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from aup.models import Rule
from cases.models.care import OptOut, budget_spent
from cases.models.hand import Hand
from cases.models.holding import Skip
from cases.models.stake import others, own
from governance.models import AISystem
from tipstaff.accounts.models import Subject, User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.models import RefQuerySet
from tipstaff.workflow.refused import NotPermitted, Refused
from tipstaff.workflow.unit import UnitOfWork, in_unit_of_work, once

if TYPE_CHECKING:
    from cases.models.case import Case

SOON = timedelta(hours=1)
ACCOUNTS = 1000  # whose id or name holds a word that was searched for
OPEN = ("open", "investigating", "awaiting_information", "proposed")
FIRST_THINGS_FIRST = ("-severity", "-flagged", F("due_at").asc(nulls_last=True), "-trust", "id")
# Two arms, because no one index serves both: a claim is not indexed, and only a case under investigation has one.
THEIRS = """SELECT id FROM cases_case WHERE claimed_by_id = %s AND state = 'investigating'
UNION SELECT case_id FROM cases_hand WHERE person_id = %s AND part = 'investigated'"""


def _late_and_soon(at: datetime) -> dict[str, Count]:
    return {"late": Count("rule_group", Q(due_at__lt=at)), "soon": Count("rule_group", Q(due_at__gte=at))}


class CaseQuerySet(RefQuerySet["Case"]):
    def visible_to(self, person: Any) -> Self:
        """Whoever may see cases, without those about their own account."""
        return others(self, person, "subject") if person.may(Permission.CASE_VIEW) else self.none()

    def about_own(self, person: Any) -> Self:
        return own(self, person, "subject")

    def in_hands_of(self, person: User) -> Self:
        """Those that `person` claimed or investigated."""
        return self.filter(pk__in=RawSQL(THEIRS, [getattr(person, "pk", person)] * 2))  # noqa: S611  no text of anybody is in it

    def open_now(self) -> Self:
        return self.filter(state__in=OPEN)

    def queued(self) -> Self:
        """Cases to work on, first things first: severity, within it what trusted flaggers reported, then what is due
        soonest, then whose reporters were right before.
        """
        return self.filter(state__in=["open", "investigating"]).order_by(*FIRST_THINGS_FIRST)

    def set_aside(self) -> Self:
        """Cases that wait for somebody's answer, in the same order."""
        return self.filter(state="awaiting_information").order_by(*FIRST_THINGS_FIRST)

    def within(self, at: datetime, **facts: Any) -> Self:
        """Those that a filter of the queue lets through: by severity, group, the language or channel of a report;
        `flagged`, `late` and `free` narrow further when they are true.
        """
        rows = self
        for name, column in (("severity", "severity"), ("group", "rule_group")):
            if facts.get(name):
                rows = rows.filter(**{column: facts[name]})
        told = {name: facts[name] for name in ("language", "channel") if facts.get(name)}
        if told:
            reports = self.model._meta.get_field("reports").related_model._default_manager
            rows = rows.filter(Exists(reports.filter(case=OuterRef("pk"), **told)))
        if facts.get("flagged"):
            rows = rows.filter(flagged=True)
        if facts.get("late"):
            rows = rows.filter(due_at__lt=at)
        return rows.unclaimed(at) if facts.get("free") else rows

    def counted(self, at: datetime) -> dict[str, int]:
        """How many of these cases there are, how many are late, and how many due within the hour. In two queries: the
        due time of all is not looked at for the sake of the few that are due.
        """
        due: dict[str, int] = self.filter(due_at__lt=at + SOON).order_by().aggregate(**_late_and_soon(at))
        return due | {"total": self.count()}

    def counted_by_group(self, at: datetime) -> list[dict[str, Any]]:
        """The same for each group of rules."""
        none = Value(0)
        many = self.order_by("rule_group").values("rule_group").annotate(total=Count("*"), late=none, soon=none)
        groups: dict[str, dict[str, Any]] = {row["rule_group"]: dict(row) for row in many}
        due = self.filter(due_at__lt=at + SOON).order_by().values("rule_group").annotate(**_late_and_soon(at))
        for row in due:
            groups.setdefault(row["rule_group"], {"total": 0}).update(row)
        return list(groups.values())

    def held_by(self, person: User, at: datetime) -> Self:
        return self.filter(claimed_by=person, claimed_until__gt=at, state="investigating")

    def unclaimed(self, at: Any) -> Self:
        return self.filter(Q(claimed_until=None) | Q(claimed_until__lte=at))

    def offered_to(self, person: User, at: datetime) -> Self:
        """Those that nobody holds, `person` has no other part in, answers for no system of and did not skip lately,
        outside the groups of rules that they opted out of. Nothing hard is offered to who saw enough in this shift.
        """
        parts = Hand.objects.filter(person=person, case=OuterRef("pk")).exclude(part=Hand.Part.INVESTIGATED)
        skipped = Skip.objects.filter(person=person, case=OuterRef("pk"), until__gt=at)
        rows = self.unclaimed(at).filter(~Exists(parts), ~Exists(skipped)).bearable(person, at)
        if own := once((AISystem, person.pk), lambda: list(AISystem.objects.filter(owner=person))):
            rows = rows.exclude(system__in=own)
        return others(rows.filter(~Exists(self._conflicts(person))), person, "subject")

    def matching(self, word: str) -> Self:
        """Those that `word` names: the code of their rule; else their own reference, that of a report or decision, or a
        part of the account's id or name, of which the first ACCOUNTS are looked at. Each part is found by an index.
        """
        ref = word.upper()
        if Rule.objects.filter(code=ref).exists():
            return self.filter(rule__code=ref)
        accounts = Subject.objects.filter(Q(external_id__icontains=word) | Q(name__icontains=word)).order_by()
        of_accounts = self.model._default_manager.filter(subject__in=accounts.values("pk")[:ACCOUNTS]).values("pk")
        named: list[Any] = [self.model._default_manager.filter(ref=ref).values("pk")]
        for name in ("reports", "decisions"):
            model: Any = self.model._meta.get_field(name).related_model
            records = model._default_manager
            named.append(records.filter(ref=ref, case__isnull=False).values("case"))
        return self.filter(pk__in=of_accounts.order_by().union(*(one.order_by() for one in named)))

    def _conflicts(self, person: User) -> Any:
        """What they investigated before they declared a conflict; elsewhere the part that they then got says it."""
        declared: Any = self.model._meta.get_field("conflicts").related_model
        return declared._default_manager.filter(person=person, case=OuterRef("pk"))

    def could_take(self, case: "Case") -> Self:
        """The open cases that `case` could be merged into: about the same rules, newest first."""
        return (
            self.filter(state__in=["open", "investigating", "awaiting_information"], rule_group=case.rule_group)
            .exclude(pk=case.pk)
            .select_related("subject", "rule")
            .order_by("-opened_at")
        )

    def with_counts(self) -> Self:
        """With `report_count`, counted for the rows that are shown and no others."""
        reports = self.model._meta.get_field("reports").related_model._default_manager
        many = reports.filter(case=OuterRef("pk")).order_by().values("case").annotate(many=Count("pk")).values("many")
        return self.annotate(report_count=Coalesce(Subquery(many, output_field=IntegerField()), 0))

    def claim_next(self, *, actor: User, **facts: Any) -> "Case | None":
        """Claim the case that was fetched ahead for `actor`; else the first one of the queue, or of what the filter
        `facts` leaves of it, that nobody holds and that may be offered to them. None if there is none.
        """

        def act(work: UnitOfWork) -> "Case | None":
            case = self._next_for(work, actor, facts)
            try:
                if case is not None:
                    case.claim(actor=actor)
            except NotPermitted:
                raise
            except Refused:  # they are out of it since the queue was read, a moment ago; its lock is ours by now
                case = self._next_for(work, actor, facts)
                if case is not None:
                    case.claim(actor=actor)
            return case

        return in_unit_of_work(act)

    def fetch_ahead(self, *, actor: User, **facts: Any) -> "Case | None":
        """The case that claim_next would give `actor`, held for a minute until they come to it."""

        def act(work: UnitOfWork) -> "Case | None":
            case = self._next_for(work, actor, facts)
            if case is not None:
                case.fetch_ahead(actor=actor)
            return case

        return in_unit_of_work(act)

    def fetched_for(self, person: User, at: datetime) -> Self:
        """What waits for them since they finished the one before, unless they are to be spared it by now."""
        return self.held_by(person, at).filter(claimed_ahead=True).bearable(person, at)

    def bearable(self, person: User, at: datetime) -> Self:
        """Outside the groups of rules that `person` opted out of; nothing hard for who saw enough in this shift."""
        rows = self.filter(~Exists(OptOut.objects.filter(person=person, rule_group=OuterRef("rule_group"))))
        spent = once((budget_spent, person.pk), lambda: budget_spent(person, at))
        return rows.filter(severity__lt=4, handling="standard") if spent else rows

    def _next_for(self, work: UnitOfWork, actor: User, facts: dict[str, Any]) -> "Case | None":
        """What was fetched ahead for them, or else the first free case, which the query that finds it has locked."""
        fetched = self.fetched_for(actor, now()).first()
        if fetched is not None:
            return fetched
        free = self.queued().within(now(), **facts).offered_to(actor, now()).select_related("subject")
        case = free.select_for_update(skip_locked=True, no_key=True, of=("self",)).first()
        if case is not None:
            work.holds(case)
        return case
