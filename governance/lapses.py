"""What ends by itself with waivers, and who is told: their last day, a statement that is due, a question that waits.
Promise 5: a waiver holds by its stored times alone, so what was missed while no worker ran is told late.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse

from governance import letters
from governance.models import Waiver
from governance.models.spell import Spell
from tipstaff.accounts.models import User
from tipstaff.notices import outbox
from tipstaff.notices.reminders import LATE, REMINDERS, Watch, asked_at, lately, tell_untouched
from tipstaff.permissions import Role
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock

WINDOW = timedelta(days=60)  # before it lapses the holder is asked for a statement, and its clock starts
STEPS = ((60, 30), (30, 7), (7, 0))  # days before; a reminder that comes late makes way for the next one
AGAIN = timedelta(days=7)  # an answer that is missing is asked for once more


def _granted() -> QuerySet[Any]:
    """Granted waivers with the times of the spell that no act has cut."""
    spell = Spell.objects.filter(waiver=OuterRef("pk"), cut_at=None)
    times = {name: Subquery(spell.values(name)[:1]) for name in ("begins_at", "ends_at", "lapses_at")}
    return Waiver.objects.filter(state=Waiver.State.GRANTED).annotate(
        begins=times["begins_at"], over=times["ends_at"], lapses=times["lapses_at"]
    )


def _followed(*spent: str) -> Exists:
    """Whether somebody asked for what comes after it, and that did not end in a state of `spent`."""
    return Exists(Waiver.objects.filter(earlier=OuterRef("pk")).exclude(state__in=["draft", "withdrawn", *spent]))


def _between(rows: QuerySet[Any], at: datetime, days: int, beyond: int) -> QuerySet[Any]:
    """Those that end within `days`, and not within `beyond`, and were longer than `days` from the start."""
    soon = rows.filter(ends__gt=at + timedelta(days=beyond), ends__lte=at + timedelta(days=days))
    return soon.filter(begins__lt=F("ends") - timedelta(days=days))


def ending(days: int, beyond: int, at: datetime) -> QuerySet[Any]:
    """Not those that lapsed, nor those for which somebody asked again."""
    rows = _granted().annotate(ends=F("over")).exclude(_followed("refused"))
    rows = rows.filter(Q(lapses=None) | Q(lapses__gt=at))
    return _between(rows, at, days, beyond)


def ended(at: datetime) -> QuerySet[Any]:
    return lately(_granted(), F("over"), at).exclude(
        Exists(Waiver.objects.filter(earlier=OuterRef("pk"), state=Waiver.State.GRANTED))
    )


def statement_due(days: int, beyond: int, at: datetime) -> QuerySet[Any]:
    return _between(_granted().annotate(ends=F("lapses")), at, days, beyond)


def lapsed(at: datetime) -> QuerySet[Any]:
    return _granted().annotate(ends=F("lapses")).filter(ends__lt=at, ends__gt=at - LATE, over__gt=at)


def unanswered(at: datetime) -> QuerySet[Any]:
    waiting = Waiver.objects.filter(state=Waiver.State.CHANGES_REQUESTED).annotate(
        asked_at=asked_at(Waiver, "waiver_changes")
    )
    return waiting.annotate(ends=F("asked_at") + AGAIN).filter(ends__lte=at, ends__gt=at - LATE)


def idle(at: datetime) -> QuerySet[Any]:
    """Taken up for screening and left: no fact was confirmed since."""
    rows = Waiver.objects.filter(state=Waiver.State.SCREENING, confirmed_at=None).select_related("screened_by")
    return lately(rows, F("screened_at") + timedelta(days=settings.IDLE_DAYS), at)


def _tell(event: str, waiver: Waiver, *, everybody: bool = False, desk: bool = True) -> None:
    """The holder gets what to do and the link; whoever else is concerned gets to know."""

    def send(to: str, whom: str, language: str, link: str) -> None:
        outbox.queue(
            "waiver_reminder",
            to=to,
            about=waiver,
            actor=REMINDERS,
            language=language,
            link=link,
            event=event,
            whom=whom,
        )

    send(waiver.contact, "holder", waiver.language, letters.link(waiver))
    told = {waiver.contact.lower()}
    if everybody:
        for account in waiver.beneficiaries.order_by("pk"):
            if account.contact and account.contact.lower() not in told:
                told.add(account.contact.lower())
                send(account.contact, "account", account.language, reverse("governance:waiver_register"))
    for person in _colleagues(waiver, everybody=everybody) if desk else []:
        if person.email.lower() not in told:
            send(person.email, "desk", "en", waiver.get_absolute_url())


def _colleagues(waiver: Waiver, *, everybody: bool) -> Iterable[User]:
    """Who screened it, or compliance where they have left; in the end whoever decided and owns the system as well."""
    people = {waiver.screened_by} if waiver.screened_by and waiver.screened_by.is_active else set()
    people = people or set(User.objects.with_role(Role.COMPLIANCE))
    if everybody:
        people |= {person for person in (waiver.decided_by, waiver.system and waiver.system.owner) if person}
    return sorted((person for person in people if person.is_active), key=lambda person: person.email)


def _start_clock(waiver: Waiver, lapses_at: datetime) -> None:
    """From when the window opened, however late that is seen; its target is as long as the window."""
    kind = Clock.Kind.RECERTIFICATION
    if not Clock.objects.running().about(waiver).filter(kind=kind).exists():
        clocks.start_if_set(waiver, kind, severity=waiver.severity, since=lapses_at - WINDOW)


def tell_statement_due(waiver: Any) -> None:
    """The screener hears by the clock, which this starts."""
    _start_clock(waiver, waiver.ends)
    _tell("statement", waiver, desk=False)


def tell_lapsed(waiver: Any) -> None:
    _start_clock(waiver, waiver.ends)
    clocks.stop(waiver, Clock.Kind.RECERTIFICATION)
    _tell("lapsed", waiver, everybody=True)


def ask_again(waiver: Any) -> None:
    outbox.queue(
        "question_again",
        to=waiver.contact,
        about=waiver,
        actor=REMINDERS,
        language=waiver.language,
        link=letters.link(waiver),
        asked=waiver.changes,
    )


def tell_idle(waiver: Any) -> None:
    tell_untouched(waiver, Role.COMPLIANCE, holder=waiver.screened_by, since=waiver.screened_at)


def _each(name: str, due: Callable[..., QuerySet[Any]], tell: Callable[[Any], object]) -> list[Watch[Any]]:
    return [Watch(f"{name}_{days}", partial(due, days, beyond), tell) for days, beyond in STEPS]


WATCHES: tuple[Watch[Any], ...] = (
    *_each("waiver_ends", ending, partial(_tell, "ends")),
    *_each("waiver_statement", statement_due, tell_statement_due),
    Watch("waiver_ended", ended, partial(_tell, "ended", everybody=True), act="tell"),
    Watch("waiver_lapsed", lapsed, tell_lapsed, act="tell"),
    Watch("waiver_unanswered", unanswered, ask_again),
    Watch("screening_idle", idle, tell_idle),
)
