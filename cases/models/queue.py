"""Which cases there are to work on, in which order, and which one somebody gets next."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.expressions import RawSQL

from cases.models.hand import Hand
from cases.models.holding import Skip
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.models import RefQuerySet
from tipstaff.workflow.unit import in_unit_of_work

if TYPE_CHECKING:
    from cases.models.case import Case

OPEN = ("open", "investigating", "awaiting_information", "proposed")
# Two arms, because no one index serves both: a claim is not indexed, and only a case under investigation has one.
THEIRS = """SELECT id FROM cases_case WHERE claimed_by_id = %s AND state = 'investigating'
UNION SELECT case_id FROM cases_hand WHERE person_id = %s AND part = 'investigated'"""


class CaseQuerySet(RefQuerySet["Case"]):
    def visible_to(self, person: Any) -> Self:
        return self if person.may(Permission.CASE_VIEW) else self.none()

    def in_hands_of(self, person: User) -> Self:
        """Those that `person` claimed or investigated."""
        return self.filter(pk__in=RawSQL(THEIRS, [getattr(person, "pk", person)] * 2))  # noqa: S611  no text of anybody is in it

    def open_now(self) -> Self:
        return self.filter(state__in=OPEN)

    def queued(self) -> Self:
        """Cases to work on, first things first: severity, then what is due soonest, then trusted reporters."""
        return self.filter(state__in=["open", "investigating"]).order_by(
            "-severity", F("due_at").asc(nulls_last=True), "-trust", "id"
        )

    def unclaimed(self, at: Any) -> Self:
        return self.filter(Q(claimed_until=None) | Q(claimed_until__lte=at))

    def offered_to(self, person: User, at: datetime) -> Self:
        """Those that nobody holds, `person` has no other part in, and did not skip lately."""
        parts = Hand.objects.filter(person=person).exclude(part=Hand.Part.INVESTIGATED)
        skipped = Skip.objects.filter(person=person, case=OuterRef("pk"), until__gt=at)
        return self.unclaimed(at).exclude(pk__in=parts.values("case")).filter(~Exists(skipped))

    def could_take(self, case: "Case") -> Self:
        """The open cases that `case` could be merged into: about the same rules, newest first."""
        return (
            self.filter(state__in=["open", "investigating", "awaiting_information"], rule_group=case.rule_group)
            .exclude(pk=case.pk)
            .select_related("subject", "rule")
            .order_by("-opened_at")
        )

    def with_counts(self) -> Self:
        return self.annotate(report_count=Count("reports", distinct=True))

    def claim_next(self, *, actor: User) -> "Case | None":
        """Claim the first case of the queue that nobody holds and `actor` has no part in; None if there is none."""

        def act(_work: Any) -> "Case | None":
            free = self.queued().offered_to(actor, now())
            case = free.select_for_update(skip_locked=True, no_key=True, of=("self",)).first()
            if case is not None:
                case.claim(actor=actor)
            return case

        return in_unit_of_work(act)
