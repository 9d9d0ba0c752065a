"""Which waivers hold when, for whom, and what for: the questions that cases, registers and clocks ask of them."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Concat

from aup.models import Rule
from governance.models.ballot import Ballot
from governance.models.spell import Spell, WaiverBeneficiary, WaiverRule
from tipstaff.accounts.models import Subject, User
from tipstaff.permissions import Permission
from tipstaff.workflow.models import RefQuerySet

if TYPE_CHECKING:
    from governance.models.waiver import Waiver  # noqa: F401

EXPIRING_DAYS = 60
UNDECIDED = ("draft", "submitted", "screening", "under_review", "changes_requested")
ABOVE = """WITH RECURSIVE above(id, parent_id) AS (
    SELECT id, parent_id FROM accounts_subject WHERE id = %s
    UNION SELECT parent.id, parent.parent_id FROM accounts_subject parent JOIN above ON parent.id = above.parent_id
) SELECT id FROM above"""


class WaiverQuerySet(RefQuerySet["Waiver"]):
    def visible_to(self, person: Any) -> Self:
        """Staff see what was submitted and their own drafts. A machine sees what it asked for, and what else was
        submitted if it may view waivers: its door leaves out what people wrote.
        """
        if person.actor_kind == "token":
            submitted = ~Q(state="draft") if person.may(Permission.WAIVER_VIEW) else Q(pk=None)
            asks = person.may(Permission.WAIVER_REQUEST) or person.may(Permission.WAIVER_WITHDRAW)
            return self.filter(submitted | Q(token=person.pk) if asks else submitted)
        if not person.may(Permission.WAIVER_VIEW):
            return self.none()
        return self.exclude(~Q(requested_by=person.pk) | Q(requested_by=None), state="draft")

    def in_hands_of(self, person: User) -> Self:
        return self.filter(screened_by=person)

    def in_force(self, at: datetime) -> Self:
        """Those that hold at `at`: granted by then and neither ended, lapsed, suspended nor revoked."""
        return self.filter(Exists(Spell.objects.holding(at).filter(waiver=OuterRef("pk"))))

    def covering(self, subject: Subject | None, rule: Rule, at: datetime) -> Self:
        """The waivers in force at the conduct instant `at`, for `subject` or for an account it stands beneath, that
        name `rule` in whatever version. What each permits (`conduct`, `conditions`) is for a person to compare with
        what was done: conduct outside it is no less a breach. A waiver never reaches back before it was granted.
        """
        return self.in_force(at).naming(rule.code).benefiting(subject).order_by("decided_at")

    def naming(self, code: str) -> Self:
        """Those that name the rule `code`, in whatever version."""
        return self.filter(Exists(WaiverRule.objects.filter(waiver=OuterRef("pk"), rule__code=code)))

    def benefiting(self, subject: Subject | None) -> Self:
        """Those for `subject` or for an account it stands beneath."""
        if subject is None:
            return self.none()
        above = RawSQL(ABOVE, [subject.pk])  # noqa: S611  a constant with a parameter
        return self.filter(Exists(WaiverBeneficiary.objects.filter(waiver=OuterRef("pk"), subject__in=above)))

    def expiring(self, at: datetime) -> Self:
        return self.in_force(at).filter(ends_on__lte=at.date() + timedelta(days=EXPIRING_DAYS))

    def expired(self, at: datetime) -> Self:
        return self.filter(state__in=["granted", "suspended"], ends_on__lt=at.date())

    def lapsed(self, at: datetime) -> Self:
        waiting = Spell.objects.filter(waiver=OuterRef("pk"), cut_at=None, lapses_at__lte=at, ends_at__gt=at)
        return self.filter(Exists(waiting), state="granted")

    def to_be_voted_on(self) -> Self:
        """Before the committee with confirmed facts, and no ballot open."""
        voting = Ballot.objects.open_now().filter(about=Concat(Value("waiver:"), OuterRef("ref")))
        return self.filter(~Exists(voting), state="under_review", confirmed_at__isnull=False)

    def undecided(self) -> Self:
        return self.filter(state__in=UNDECIDED[1:])
