"""SurveyAnswer: what somebody said, after the outcome, of how it was handled. Nothing in it leads to the matter."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Avg, Count, Q
from django.utils.translation import gettext_lazy

from tipstaff.permissions import Permission
from tipstaff.sla.attainment import FEW
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

TEXT_LIMIT = 1000
KEPT_DAYS = 365  # after that an answer is counted no more, and what was written is dropped
SCALE = (1, 2, 3, 4, 5)
AGREES = 4  # from this on somebody agrees
QUESTIONS: dict[str, "StrPromise"] = {
    "understood": gettext_lazy("I understood what was decided, and why."),
    "heard": gettext_lazy("I could say what mattered to me."),
    "timely": gettext_lazy("It took a reasonable time."),
}


class SurveyQuerySet(RefQuerySet["SurveyAnswer"]):
    def visible_to(self, person: Any) -> Self:
        return self if person.may(Permission.HISTORY_VIEW) else self.none()

    def counted(self, on: date) -> Self:
        return self.filter(answered_on__gt=on - timedelta(days=KEPT_DAYS), answered_on__lte=on)


@references.register("survey")
class SurveyAnswer(Record):
    """Voluntary, once for each side and matter. It names neither: `slot` is a keyed digest that only says whether this
    side of this matter has answered.
    """

    class Side(models.TextChoices):
        REPORTER = "reporter", gettext_lazy("People who reported")
        SUBJECT = "subject", gettext_lazy("People who were decided about")

    side = models.CharField(max_length=10, choices=Side)
    slot = models.CharField(max_length=64, unique=True, editable=False)
    understood = models.PositiveSmallIntegerField()
    heard = models.PositiveSmallIntegerField()
    timely = models.PositiveSmallIntegerField()
    text = models.TextField(blank=True, max_length=TEXT_LIMIT)
    answered_on = models.DateField(editable=False)

    reference_field = "id"
    untold = frozenset({"slot", "text"})
    objects = SurveyQuerySet.as_manager()

    class Meta:
        ordering = ["answered_on"]
        indexes = [models.Index(fields=["answered_on"], name="survey_by_day")]
        constraints = [
            models.CheckConstraint(
                condition=Q(understood__range=(1, 5), heard__range=(1, 5), timely__range=(1, 5)),
                name="survey_on_the_scale",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.answered_on}"

    def complete(self, *, actor: Actor) -> None:
        self.answered_on, self.text = now().date(), self.text.strip()

    @operation(creates=True, permission=Permission.SURVEY_ANSWER, said=gettext_lazy("answered the survey"))
    def answer(self, *, actor: Actor) -> None:
        """Say how it was. It changes nothing in the matter. What was written a year ago is dropped on the way."""
        over = now().date() - timedelta(days=KEPT_DAYS)
        type(self).objects.filter(answered_on__lte=over).exclude(text="").update(text="")


def slot_of(side: str, matter: str) -> str:
    """Of one side of one matter, under our key: who reads the table alone cannot tell which."""
    return hmac.digest(settings.LINK_KEY.encode(), f"survey:{side}:{matter}".encode(), "sha256").hex()


@dataclass(frozen=True)
class Said:
    """What one side said to one question. Below FEW answers there is no number at all."""

    key: str
    question: "StrPromise"
    count: int
    agree: int | None  # percent, rounded down
    mean: float | None


def tallied(on: date) -> dict[str, list[Said]]:
    """For each side what it said to each question, in the last KEPT_DAYS. One query."""
    sums: dict[str, Any] = {"count": Count("pk")}
    for key in QUESTIONS:
        sums |= {f"{key}_agree": Count("pk", Q(**{f"{key}__gte": AGREES})), f"{key}_mean": Avg(key)}
    rows: Any = SurveyAnswer.objects.counted(on).order_by("side").values("side").annotate(**sums)
    found = {row["side"]: row for row in rows}
    return {side: list(_said(found.get(side))) for side in SurveyAnswer.Side.values}


def _said(row: dict[str, Any] | None) -> Iterable[Said]:
    count = row["count"] if row else 0
    for key, question in QUESTIONS.items():
        if row is None or count < FEW:
            yield Said(key, question, count, None, None)
        else:
            yield Said(key, question, count, row[f"{key}_agree"] * 100 // count, round(float(row[f"{key}_mean"]), 1))


def written(on: date, side: str) -> list[str]:
    """What one side wrote, in an order of its own that says nothing of when; nothing below FEW texts."""
    texts = list(SurveyAnswer.objects.counted(on).filter(side=side).exclude(text="").values_list("text", flat=True))
    return sorted(texts) if len(texts) >= FEW else []
