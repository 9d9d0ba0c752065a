"""What a page says to somebody whose act came too late: who did what meanwhile, and what they had typed."""

import re
from datetime import timedelta
from typing import Any

from django.http import HttpRequest

from tipstaff.time import now
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.history import Step, steps_of
from tipstaff.workflow.refused import Refused

STEPS = 6  # acts of others that are named
WITHIN = timedelta(hours=24)
UNTYPED = frozenset({"csrfmiddlewaretoken", "code", "seen", "loaded", "opened", "query", "standing", "title", "within"})
CHOSEN = re.compile(r"[a-z0-9_]{0,40}|[A-Z]?-?[0-9]{1,3}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def typed(request: HttpRequest) -> list[str]:
    """What a person wrote into the form that was posted, in its order, without what they only chose."""
    written = (
        value.strip()
        for name, values in request.POST.lists()
        if name.rpartition("-")[2] not in UNTYPED
        for value in values
    )
    return [value for value in written if not CHOSEN.fullmatch(value)]


def meanwhile(request: HttpRequest, refused: Refused) -> list[Step]:
    """What others did to the record within the last day, newest first; for those who may see its history."""
    record, person = refused.record, getattr(request, "user", None)
    if record is None or not isinstance(person, Actor) or person.actor_kind != "person":
        return []
    root = record.history_of()
    seen: Any = getattr(type(root)._default_manager.all(), "visible_to", None)
    if root._state.adding or seen is None or not seen(person).filter(pk=root.pk).exists():
        return []
    mine, since = person.actor_ref, now() - WITHIN
    steps = steps_of(root, limit=3 * STEPS)
    return [step for step in steps if step.at > since and step.told.get("actor", {}).get("ref") != mine][:STEPS]
