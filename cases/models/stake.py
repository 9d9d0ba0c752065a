"""Stake: whoever the account of a case belongs to, answers for the system that it is about, or declared a conflict in
it, does nothing in it. Asked before every act on a case and on what hangs on it (Record.stake_of), so that no operation
has to remember to.
"""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from cases.models.hand import Hand
from tipstaff.accounts.models import Subject, User
from tipstaff.accounts.models.subject import around_own, own_accounts
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.unit import once

if TYPE_CHECKING:
    from cases.models.case import Case
    from cases.models.report import Report


def stake_of(case: "Case", actor: Actor) -> str | None:
    """Why `actor` is out of this case; None for who is not, and for whoever comes by link, by token or as Tipstaff."""
    if not isinstance(actor, User):
        return None
    if is_own(case.subject, actor):
        return _("This case is about your own account; someone else must do this.")
    if case.system_id and case.system and case.system.owner_id == actor.pk:
        return _("You answer for the system that this case is about; someone else must do this.")
    if case._state.adding:
        return None
    # Asked before each act on what hangs on the case, of which one decision answers hundreds.
    refusal: str | None = once((stake_of, case.pk, actor.pk), lambda: _out_of(case, actor))
    return refusal


def _out_of(case: "Case", actor: User) -> str | None:
    part = case.part_of(actor)
    if part == Hand.Part.STAYED_OUT:
        return _("You %(part)s this case; someone else must do this.") % {"part": Hand.Part.STAYED_OUT.label}
    if part is not None and _declared(case, actor):  # who had no part got one by declaring
        return _("You declared a conflict in this case; someone else must do this.")
    return None


def _declared(case: "Case", person: User) -> bool:
    known = getattr(case, "packed_conflicts", None)  # read with the row of the case, for its page
    if known is not None:
        return any(row["person_id"] == str(person.pk) for row in known)
    return any(conflict.person_id == person.pk for conflict in case.conflicts.all())


def stake_in_report(report: "Report", actor: Actor) -> str | None:
    """The same for a report; until somebody found out whose the account is, by what was typed."""
    if report.case:
        return stake_of(report.case, actor)
    if not isinstance(actor, User):
        return None
    named = Subject.objects.filter(external_id=report.account.strip()).first()
    return _("This report is about your own account; someone else must do this.") if is_own(named, actor) else None


def other_reports[Rows: Any](rows: Rows, person: Any) -> Rows:
    if not isinstance(person, User):
        return rows
    named: Rows = others(rows, person).exclude(
        account__in=Subject.objects.filter(pk__in=own_accounts(person)).values("external_id")
    )
    return named


def is_own(subject: Subject | None, person: User) -> bool:
    """Whether the account, or one that it hangs on, is the person's own."""
    return subject is not None and subject.belongs_to(person)


def own[Rows: Any](rows: Rows, person: Any, subject: str = "case__subject") -> Rows:
    """Those of `rows` that are about the person's own account, or one above or below it: custody is for others."""
    kept: Rows = rows.filter(**{f"{subject}__in": around_own(person)}) if isinstance(person, User) else rows.none()
    return kept


def own_reports[Rows: Any](rows: Rows, person: Any) -> Rows:
    about = own(rows, person)
    if isinstance(person, User):  # two arms, because no one index serves both
        names = Subject.objects.filter(pk__in=around_own(person)).values("external_id")
        typed = rows.filter(case=None, account__in=names)
        about = rows.filter(pk__in=about.order_by().values("pk").union(typed.order_by().values("pk")))
    return about


def others[Rows: Any](rows: Rows, person: Any, subject: str = "case__subject") -> Rows:
    """`rows` without those about the person's own account: nobody reads what stands against them as staff (I10)."""
    if not isinstance(person, User):
        return rows
    left: Rows = rows.exclude(**{f"{subject}__in": own_accounts(person)})
    return left
