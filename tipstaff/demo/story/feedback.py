"""What people wrote about the policy, what they were answered, and which version came of it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from aup.letters import SCOPE
from aup.models import Feedback, PolicyVersion
from tipstaff.demo.story.prose import feedback
from tipstaff.demo.story.stage import Course, Stage
from tipstaff.time import now
from tipstaff.workflow.actors import LinkHolder


def told(stage: Stage) -> Iterator[Course]:
    """Every item from when it came to where it stands; few, so that a small telling has them all."""
    versions = {version.number: version for version in PolicyVersion.objects.all()}
    for place, given in enumerate(feedback()):
        yield _told(stage, versions, place, given)


def _told(stage: Stage, versions: dict[str, PolicyVersion], place: int, given: dict[str, Any]) -> Course:
    yield stage.days_ago(given["days"])
    by = stage.people.get(given.get("by", ""))
    item = Feedback(
        kind=given["kind"],
        version=stage.version(),
        rule=stage.rule(given["rule"]) if "rule" in given else None,
        text=given["text"].strip(),
        contact=by.email if by else given.get("contact", ""),
        language=given.get("language", "en"),
        submission=uuid5(NAMESPACE_URL, f"feedback{place}"),
        filed_by=by,
        received_at=now(),
    )
    item.file(actor=by or LinkHolder(SCOPE))
    if "answer" not in given:
        return
    yield now() + timedelta(days=given["after"])
    editor, led_to = stage.people["policy"], versions.get(str(given.get("led_to")))
    item.answer(actor=editor, answer=given["answer"].strip(), led_to=None if "linked" in given else led_to)
    if "linked" in given and led_to is not None:
        yield stage.days_ago(given["linked"])
        item.link(actor=editor, led_to=led_to)
