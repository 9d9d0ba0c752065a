"""Hearing: a question to the account holder before anything is decided about them, and their answer. It goes out with a
signed link; the answer is sealed into the case, and to say nothing is not held against them.
"""

from datetime import datetime, timedelta
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import asking, silence
from cases.models.case import Case
from cases.models.evidence import Evidence, case_claimed
from cases.models.hand import Hand
from cases.models.holding import free_to_claim
from cases.models.stake import others
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.vault.models import SealedFile
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.states import StateField

QUESTION_LIMIT = 2000
PURPOSE_LIMIT = 500
ANSWER_LIMIT = 5000
DAYS = (3, 7, 14)  # that an answer can be given; the decision clock stands still for no more than the last of them
USUAL_DAYS = 7
MOST = 3  # questions in one case: who is asked more often is interrogated, and not heard


class HearingQuerySet(RefQuerySet["Hearing"]):
    def visible_to(self, person: Any) -> Self:
        return others(self, person) if person.may(Permission.CASE_VIEW) else self.none()

    def open_at(self, at: datetime) -> Self:
        """Those that can still be answered."""
        return self.filter(state=Hearing.State.ASKED, until__gt=at)


def may_be_asked(hearing: "Hearing", actor: Actor) -> str | None:
    case = hearing.case
    if reason := case_claimed(hearing, actor):
        return reason
    if case.subject is None:
        return _("There is no account behind this case, so there is nobody to ask.")
    if not case.subject.contact:
        return _("No e-mail address is known for this account. Ask by another way, and set the case aside meanwhile.")
    if case.content_is_sealed or silence.withheld_until(case):
        return _("The law keeps this case from the account holder for now, so nothing can be asked.")
    if case.hearings.exclude(state=Hearing.State.WITHDRAWN).count() >= MOST:
        return _("The account holder was asked %(count)s times in this case. Decide on what you have.") % {
            "count": MOST
        }
    return None


def in_time(hearing: "Hearing", actor: Actor) -> str | None:
    return None if hearing.is_open else _("The time to answer is over.")


def may_be_taken_back(hearing: "Hearing", actor: Actor) -> str | None:
    return in_time(hearing, actor) or free_to_claim(hearing.case, actor)


def time_is_over(hearing: "Hearing", actor: Actor) -> str | None:
    return _("It can still be answered.") if hearing.until > now() else None


@references.register("hearing")
class Hearing(Record):
    class State(models.TextChoices):
        ASKED = "asked", gettext_lazy("Asked")
        ANSWERED = "answered", gettext_lazy("Answered")
        WITHDRAWN = "withdrawn", gettext_lazy("Taken back")
        LAPSED = "lapsed", gettext_lazy("Not answered")

    case = models.ForeignKey(Case, models.PROTECT, related_name="hearings")
    state = StateField(max_length=12, choices=State, default=State.ASKED)
    question = models.TextField(max_length=QUESTION_LIMIT)
    purpose = models.CharField(max_length=PURPOSE_LIMIT, help_text="What the answer is needed for, as they read it.")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=now, editable=False)
    until = models.DateTimeField()
    answer = models.TextField(blank=True, max_length=ANSWER_LIMIT)
    answered_at = models.DateTimeField(null=True)
    exhibits = ArrayField(models.PositiveIntegerField(), default=list, blank=True, help_text="The answer, then files.")
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", help_text="Who took it back.")
    ended_at = models.DateTimeField(null=True)
    ended_reason = models.CharField(max_length=300, blank=True)

    reference_field = "id"
    listed_with = ("case",)
    objects = HearingQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at"]
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(state="asked"), name="hearing_one_open_per_case"),
            models.CheckConstraint(condition=~Q(question="") & ~Q(purpose=""), name="hearing_is_whole"),
            models.CheckConstraint(
                condition=Q(until__gt=F("asked_at"), until__lte=F("asked_at") + timedelta(days=DAYS[-1])),
                name="hearing_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(state="answered", answered_at__isnull=False, answered_at__lt=F("until")) & ~Q(answer="")
                | ~Q(state="answered") & Q(answered_at=None, answer=""),
                name="hearing_answered_in_time",
            ),
            models.CheckConstraint(
                condition=Q(state="withdrawn", ended_by__isnull=False, ended_at__isnull=False)
                | ~Q(state="withdrawn") & Q(ended_by=None, ended_at=None),
                name="hearing_taken_back_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["until"], condition=Q(state="asked"), name="hearing_open")]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return _("Question to the account holder in %(case)s") % {"case": self.case.ref}

    @property
    def ref(self) -> str:
        """How mails and pages name it: by its case."""
        return self.case.ref

    def history_of(self) -> Record:
        return self.case

    @property
    def is_open(self) -> bool:
        return self.state == self.State.ASKED and self.until > now()

    @property
    def standing(self) -> str:
        """Whether it is over follows from its time, whether or not a sweep has seen it."""
        if self.state == self.State.ASKED and not self.is_open:
            return str(self.State.LAPSED.label)
        return self.get_state_display()

    def complete(self, *, actor: Actor) -> None:
        self.asked_at = now()
        self.question, self.purpose = self.question.strip(), self.purpose.strip()
        if not (self.question and self.purpose):
            raise Refused(_("Say what you want to know, and what for."))
        if not self.asked_at < self.until <= self.asked_at + timedelta(days=DAYS[-1]):
            raise Refused(_("Give between one and %(days)s days to answer.") % {"days": DAYS[-1]})
        self.case.take_part(self.asked_by, Hand.Part.INVESTIGATED)

    @operation(
        creates=True,
        permission=Permission.CASE_INVESTIGATE,
        guard=may_be_asked,
        said=gettext_lazy("asked the account holder a question"),
    )
    def ask(self, *, actor: User) -> None:
        """Ask before deciding: the account holder gets a page and a mail with its link; the case waits meanwhile."""
        self.case.await_information(actor=actor, awaiting=Case.Awaiting.ACCOUNT_HOLDER, question="", until=self.until)
        asking.tell_asked(self, actor=actor)

    @operation(
        source=State.ASKED,
        target=State.ANSWERED,
        permission=Permission.HEARING_ANSWER,
        guard=in_time,
        said=gettext_lazy("answered the question"),
    )
    def give_answer(self, *, actor: Actor, answer: str, files: list[SealedFile]) -> None:
        """The account holder answers, once. `files` begin with the words themselves; each becomes an exhibit, unless
        the same bytes are one already. The case goes back into the queue.
        """
        self.answer, self.answered_at = answer, now()
        known = dict(Evidence.objects.filter(case=self.case).values_list("file__sha256", "exhibit"))
        for place, file in enumerate(files):
            if file.sha256 not in known:
                exhibit = Evidence.of_answer(self.case, file, words=place == 0)
                exhibit.take_in(actor=actor)
                known[file.sha256] = exhibit.exhibit
        self.exhibits = list(dict.fromkeys(known[file.sha256] for file in files))
        self.case.stop_waiting(actor=actor)
        asking.tell_answered(self, actor=actor)

    @operation(
        source=State.ASKED,
        target=State.WITHDRAWN,
        permission=Permission.CASE_INVESTIGATE,
        guard=may_be_taken_back,
        label=gettext_lazy("Take the question back"),
        said=gettext_lazy("took the question back"),
    )
    def withdraw(self, *, actor: User, reason: str) -> None:
        """No answer is needed any more; the account holder is told, and whoever does this holds the case."""
        self.ended_by, self.ended_at, self.ended_reason = actor, now(), reason[:300]
        self.case.stop_waiting(actor=actor)
        self.case.claim(actor=actor)
        asking.tell_taken_back(self, actor=actor)

    @operation(
        source=State.ASKED,
        target=State.LAPSED,
        permission=Permission.CLOCK_RUN,
        guard=time_is_over,
        said=gettext_lazy("noted that no answer came"),
    )
    def lapse(self, *, actor: Actor) -> None:
        """The time to answer is over. Nothing ends because of this but the wait, which was over already."""
        if self.case.awaiting:
            self.case.stop_waiting(actor=actor)
