"""Mails about how work is shared: to colleagues and to trusted flaggers. What was written in a case stays there."""

from typing import Any

from django.urls import reverse

from tipstaff.accounts.models import User
from tipstaff.notices import outbox


def of_passing(case: Any, to: User, actor: User) -> None:
    """Tell a colleague that a case is in their hands now."""
    link = case.get_absolute_url()
    outbox.queue("case_passed_on", to=to.email, about=case, actor=actor, link=link, person=to, giver=actor)


def of_escalation(case: Any, to: User, actor: User, reason: Any) -> None:
    """Tell who leads the work that a case is in their hands now, and the kind of reason; the note stays in the case."""
    link, why = case.get_absolute_url(), reason.label
    outbox.queue("case_escalated", to=to.email, about=case, actor=actor, link=link, person=to, giver=actor, why=why)


def of_flagger_granted(flagger: Any, actor: Any) -> None:
    """Send a trusted flagger the link of their own."""
    link, contact = flagger.report_url, flagger.contact
    outbox.queue("flagger_granted", to=contact, about=flagger, actor=actor, link=link, until=flagger.ends_at)


def of_flagger_revoked(flagger: Any, actor: Any) -> None:
    """Say that the link no longer puts reports first, and why."""
    outbox.queue("flagger_revoked", to=flagger.contact, about=flagger, actor=actor, link=reverse("cases:report"))
