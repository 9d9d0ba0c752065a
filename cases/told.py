"""Mails to colleagues about cases. What was written in a case stays there: the mail only says where to look."""

from typing import Any

from tipstaff.accounts.models import User
from tipstaff.notices import outbox


def of_passing(case: Any, to: User, actor: User) -> None:
    """Tell a colleague that a case is in their hands now."""
    link = case.get_absolute_url()
    outbox.queue("case_passed_on", to=to.email, about=case, actor=actor, link=link, person=to, giver=actor)
