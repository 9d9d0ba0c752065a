"""How far a version has reached: who acknowledged it and who has not, among accounts and among staff (S21, S142)."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from aup.models import Acknowledgement, PolicyVersion
from tipstaff.accounts.models import Subject, User


@dataclass(frozen=True)
class Reach:
    """`given` of `of` acknowledged."""

    given: int
    of: int

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means everybody."""
        return 100 * self.given // self.of if self.of else 0


def accounts() -> QuerySet[Subject]:
    """The accounts that are asked: those with none above them. What an organisation says holds for all below it."""
    return Subject.objects.filter(parent=None)


def staff() -> QuerySet[User]:
    """Everybody who may sign in."""
    return User.objects.filter(is_active=True)


def with_answer(rows: QuerySet[Any], version: PolicyVersion, *, given: bool) -> QuerySet[Any]:
    """Those of `rows`, accounts or staff, that acknowledged `version`, or did not."""
    column = "subject" if rows.model is Subject else "person"
    answered = Exists(Acknowledgement.objects.filter(version=version, **{column: OuterRef("pk")}))
    return rows.filter(answered if given else ~answered)


def reach(rows: QuerySet[Any], version: PolicyVersion) -> Reach:
    return Reach(given=with_answer(rows, version, given=True).count(), of=rows.count())
