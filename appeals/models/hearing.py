"""Who may appeal, and who may hear it: somebody without any other part in the matter (DSA 20(6), DESIGN 1.2)."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cases.models import Hand
from cases.models.answering import SPENT, contest_refused
from cases.statement import appeal_closes_at
from tipstaff.accounts.models import User
from tipstaff.time import now
from tipstaff.workflow.actors import Actor

if TYPE_CHECKING:
    from appeals.models.appeal import Appeal


def may_be_contested(appeal: "Appeal", actor: Actor) -> str | None:
    decision, report = appeal.decision, appeal.report
    if type(appeal).objects.filter(decision=decision, report=report).exclude(state__in=SPENT).exists():
        return _("This was appealed already. One appeal is heard for each decision.")
    if decision is not None and not decision.stands:
        return _("This decision does not stand any more, so there is nothing to appeal.")
    if decision is not None and (closes := appeal_closes_at(decision)) and closes <= now():
        return _("The time to appeal ended on %(day)s.") % {"day": date_format(closes, "DATE_FORMAT")}
    return contest_refused(report) if report is not None else None


def no_other_part(appeal: "Appeal", actor: Actor) -> str | None:
    if appeal.case and (part := appeal.case.part_of(actor)) and part != Hand.Part.REVIEWED_APPEAL:
        return _("You %(part)s this case; someone who had no part must hear the appeal.") % {
            "part": Hand.Part(part).label
        }
    if appeal.report and actor in (appeal.report.triaged_by, appeal.report.reported_by):
        return _("You had a part in this report; someone else must hear the appeal.")
    return None if isinstance(actor, User) else _("Appeals are heard by people.")


def free_to_hear(appeal: "Appeal", actor: Actor) -> str | None:
    """Nobody hears it, or whoever does has left, or left it untouched for IDLE_DAYS."""
    if appeal.state == "under_review" and appeal.reviewer and appeal.taken_up_at:
        until = appeal.taken_up_at + timedelta(days=settings.IDLE_DAYS)
        if appeal.reviewer == actor or (appeal.reviewer.is_active and until > now()):
            return _("%(name)s hears this appeal.") % {"name": appeal.reviewer}
    return no_other_part(appeal, actor)


def its_reviewer(appeal: "Appeal", actor: Actor) -> str | None:
    if appeal.reviewer != actor:
        return _("%(name)s hears this appeal.") % {"name": appeal.reviewer}
    return no_other_part(appeal, actor)


def its_reviewer_of_decision(appeal: "Appeal", actor: Actor) -> str | None:
    if appeal.decision is None:
        return _("Whoever reported cannot have a measure made milder.")
    if not appeal.milder_tiers:
        return _("There is nothing milder than this outcome.")
    return its_reviewer(appeal, actor)


def its_reviewer_of_case(appeal: "Appeal", actor: Actor) -> str | None:
    if appeal.case is None:
        return _("A declined report can only be upheld or taken up again.")
    return its_reviewer(appeal, actor)


def its_reviewer_but_of_answer(appeal: "Appeal", actor: Actor) -> str | None:
    if appeal.is_of_answer:
        return _("What a reporter was told can only be upheld, or the case sent back.")
    return its_reviewer(appeal, actor)


def has_something_to_stay(appeal: "Appeal", actor: Actor) -> str | None:
    if refusal := its_reviewer(appeal, actor):
        return refusal
    return None if appeal.stayable else _("Nothing limits the account that could stand still.")
