"""Who read which version of the policy: most accounts when they sign up or soon after, most people, some not yet."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from aup.models import Acknowledgement, PolicyVersion
from tipstaff.accounts.models import Subject, User
from tipstaff.demo.story.cast import DEMO
from tipstaff.demo.story.stage import Course, Stage
from tipstaff.workflow.actors import LinkHolder

HOURS_APART = 7
SIGNATORIES = ("user_7", "Legal", "owner", "")


def told(stage: Stage) -> Iterator[Course]:
    """One course for each version that took effect. Every fifth account has not come to the last one."""
    readers: list[Subject | User] = [*_first(stage.subjects), *stage.people.values()]
    versions = [version for version, _rules in reversed(stage.books)]
    for version in versions:
        missing = 5 if version is versions[-1] else len(readers) + 1
        yield _read(version, [who for turn, who in enumerate(readers, 1) if turn % missing])


def _first(subjects: dict[str, Subject]) -> list[Subject]:
    return [subject for subject in subjects.values() if subject.parent_id is None]


def _read(version: PolicyVersion, readers: list[Subject | User]) -> Iterator[datetime]:
    since = version.effective_from or version.drafted_at
    for turn, who in enumerate(readers):
        yield since + timedelta(hours=2 + HOURS_APART * turn, minutes=turn * 11 % 60)
        if isinstance(who, User):
            Acknowledgement.given(version, who, actor=who, means=Acknowledgement.Means.DESK)
        elif turn % 3:
            Acknowledgement.given(
                version, who, actor=DEMO, means=Acknowledgement.Means.API,
                signatory=SIGNATORIES[turn % 4], language=who.language,
            )  # fmt: skip
        else:
            holder = LinkHolder("subject", who.reference)
            Acknowledgement.given(version, who, actor=holder, means=Acknowledgement.Means.LINK, language=who.language)
