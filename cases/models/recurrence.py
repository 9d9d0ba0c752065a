"""Which earlier decisions make a breach a recurrence, and why the others do not.

What the matrix counts and what people are shown come from one place, so that they cannot disagree. A person can only
repeat what they were told about: a decision counts from its first notice, and what was done before that notice is one
with it, however many decisions there are about it (P3). Nothing of this depends on the order in which rows are read.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, F, OuterRef, Subquery
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext_lazy

from cases.models.served import Joined
from cases.models.stake import others
from tipstaff.accounts.models import Token, User
from tipstaff.permissions import Permission
from tipstaff.workflow.models import RefQuerySet

if TYPE_CHECKING:
    from cases.models.case import Case
    from cases.models.decision import Decision

STANDING = ("issued", "upheld", "varied")


class Standing(models.TextChoices):
    """How an earlier decision stands to what is decided now."""

    COUNTS = "counts", gettext_lazy("counts")
    NO_BREACH = "no_breach", gettext_lazy("does not count: no breach")
    FELL = "fell", gettext_lazy("does not count: it fell or was replaced")
    CONTESTED = "contested", gettext_lazy("does not count: under appeal")
    OTHER_RULES = "other_rules", gettext_lazy("does not count: other rules")
    TOLD_LATER = "told_later", gettext_lazy("does not count: they were told after this conduct")
    PUT_RIGHT = "put_right", gettext_lazy("does not count: put right by a course")
    EXPIRED = "expired", gettext_lazy("does not count: expired")
    SAME_STRIKE = "same_strike", gettext_lazy("does not count by itself: done before the first notice")


@dataclass(frozen=True)
class Before:
    """An earlier decision about the account, and how it stands to this case."""

    decision: "Decision"
    standing: Standing

    @property
    def counts(self) -> bool:
        """Towards recurrence: a strike that is active."""
        return self.standing == Standing.COUNTS


class DecisionQuerySet(RefQuerySet["Decision"]):
    def visible_to(self, person: Any) -> Self:
        """A machine sees what was issued: a proposal is between people, and nothing may act on it."""
        if not person.may(Permission.CASE_VIEW):
            return self.none()
        return self.filter(issued_at__isnull=False) if isinstance(person, Token) else others(self, person)

    def in_hands_of(self, person: User) -> Self:
        return self.filter(proposed_by=person)

    def waiting(self) -> Self:
        return self.filter(state__in=["proposed", "confirmed"])

    def with_notice(self) -> Self:
        """With `notified_at`: when the account holder could know of it. That is its issue, when the notice is given,
        or the end of the silence that the law asked for then.
        """
        orders: Any = apps.get_model("cases", "Withholding").objects
        ends = Coalesce("lifted_at", "until")
        kept_back = orders.filter(Joined(F("case"), OuterRef("case")), ordered_at__lte=OuterRef("issued_at"))
        latest = kept_back.annotate(ends=ends).order_by("-ends").values("ends")[:1]
        cleared: Any = apps.get_model("cases", "Remediation").objects.filter(decision=OuterRef("pk"), clears=True)
        return self.annotate(notified_at=Greatest(F("issued_at"), Subquery(latest)), cleared=Exists(cleared))

    def counting(self, case: "Case", conduct_at: datetime, *, days: int) -> Self:
        """Earlier breaches that the account holder knew of at `conduct_at`: within `days`, same account and rule group,
        standing, and not under appeal (DESIGN 4; a decision under appeal is shown and not counted). How many strikes
        they are, `strikes` says.
        """
        known = self.filter(
            case__subject=case.subject_id,
            case__rule_group=case.rule_group,
            outcome="breach",
            state__in=STANDING,
            contested_at=None,
            issued_at__lte=conduct_at,
        )
        known = known.exclude(case=case).exclude(remediations__clears=True).with_notice()
        return known.filter(notified_at__lte=conduct_at, notified_at__gt=conduct_at - timedelta(days=days))


def kept_quiet(at: datetime) -> Exists:
    """Whether the law kept back, until after `at`, what its holder was to hear of a measure."""
    orders: Any = apps.get_model("cases", "Withholding").objects
    kept_back = orders.filter(Joined(F("case"), OuterRef("case")), ordered_at__lte=OuterRef("starts_at"))
    return Exists(kept_back.annotate(ends=Coalesce("lifted_at", "until")).filter(ends__gt=at))


def strikes(counting: Iterable["Decision"]) -> list["Decision"]:
    """Of decisions that count, one for each time that somebody broke a rule although they had been told. The first to
    be told of counts, and a later one if its conduct came after the notice of the one before that counts.
    """
    found: list[Decision] = []
    for decision in sorted(counting, key=lambda one: (told(one), one.conduct_at, one.pk)):
        if not found or decision.conduct_at >= told(found[-1]):
            found.append(decision)
    return found


def told(decision: Any) -> datetime:
    """When the account holder could know of it: as `with_notice` says, else its issue."""
    when: datetime = getattr(decision, "notified_at", None) or decision.issued_at
    return when


def standings(case: "Case", earlier: Iterable["Decision"], conduct_at: datetime, *, days: int) -> list[Before]:
    """How each of `earlier`, issued decisions about the account of `case`, stands to conduct at `conduct_at`."""
    earlier = list(earlier)
    alone = {one.pk: _alone(case, one, conduct_at, days) for one in earlier}
    counted = {one.pk for one in strikes(one for one in earlier if alone[one.pk] == Standing.COUNTS)}
    return [
        Before(
            one, Standing.SAME_STRIKE if alone[one.pk] == Standing.COUNTS and one.pk not in counted else alone[one.pk]
        )
        for one in earlier
    ]


def _alone(case: "Case", decision: "Decision", conduct_at: datetime, days: int) -> Standing:
    """How it stands, the others left aside. The first reason that holds is said."""
    reasons = (
        (decision.outcome != "breach", Standing.NO_BREACH),
        (decision.state not in STANDING, Standing.FELL),
        (decision.case.rule_group != case.rule_group, Standing.OTHER_RULES),
        (decision.contested_at is not None, Standing.CONTESTED),
        (getattr(decision, "cleared", False), Standing.PUT_RIGHT),
        (told(decision) > conduct_at, Standing.TOLD_LATER),
        (told(decision) <= conduct_at - timedelta(days=days), Standing.EXPIRED),
    )
    return next((standing for holds, standing in reasons if holds), Standing.COUNTS)
