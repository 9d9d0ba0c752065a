"""Feedback: what somebody told us about the policy itself. No report, no case: it gets an answer, and may change it."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup import letters
from aup.models.rule import Rule
from aup.models.version import PolicyVersion
from tipstaff.accounts.models import Token, User
from tipstaff.permissions import Permission
from tipstaff.sla import clocks
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import NextRef, Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.states import StateField

TEXT_LIMIT = 5000  # of what is told, and of the answer


class FeedbackQuerySet(RefQuerySet["Feedback"]):
    def visible_to(self, person: Any) -> Self:
        """Those who answer see all of it; a machine sees what it gave. Everybody else has the link of their own."""
        if isinstance(person, Token):
            return self.filter(token=person.pk) if person.may(Permission.FEEDBACK_FILE) else self.none()
        return self if person.may(Permission.FEEDBACK_ANSWER) else self.none()

    def in_hands_of(self, person: User) -> Self:
        return self.filter(answered_by=person)

    def open_now(self) -> Self:
        return self.filter(state=Feedback.State.RECEIVED)

    def about_rule(self, code: str) -> Self:
        """About the rule with this code, in whichever version."""
        return self.filter(rule__code=code)

    def led_to_counts(self) -> "models.QuerySet[Any, Any]":
        """How many items led to each version, by kind and rule: all that is said of them in public."""
        counted = self.filter(led_to__isnull=False).values("led_to", "kind", "rule__code")
        return counted.annotate(count=Count("pk")).order_by("led_to", "rule__code", "kind")


def about_what_was_published(feedback: "Feedback", _actor: Actor) -> str | None:
    """Nobody but those who write it has read a draft; and a rule is one of the version's own."""
    if feedback.version.published_at is None:
        return _("This version is not published yet, so there is nothing to say about it here.")
    if feedback.rule is not None and feedback.rule.version_id != feedback.version_id:
        return _("Version %(number)s has no rule %(code)s.") % {
            "number": feedback.version.number,
            "code": feedback.rule.code,
        }
    return None


def not_ones_own(feedback: "Feedback", actor: Actor) -> str | None:
    """DESIGN 1.2: nobody decides about what they asked for themselves."""
    if feedback.filed_by_id and feedback.filed_by_id == getattr(actor, "pk", None):
        return _("You gave this feedback; somebody else has to deal with it.")
    return None


def linked(feedback: "Feedback", actor: Actor) -> str | None:
    if feedback.led_to_id is None:
        return _("It is linked to no version.")
    return not_ones_own(feedback, actor)


@references.register("feedback")
class Feedback(Record):
    class State(models.TextChoices):
        RECEIVED = "received", gettext_lazy("Received")
        ANSWERED = "answered", gettext_lazy("Answered")

    class Kind(models.TextChoices):
        AMBIGUITY = "ambiguity", gettext_lazy("Something is unclear")
        NEAR_MISS = "near_miss", gettext_lazy("Something almost went wrong")
        UNINTENDED = "unintended_consequence", gettext_lazy("A rule has an effect nobody wanted")

    ref = models.CharField(max_length=20, unique=True, db_default=NextRef("F"), editable=False)
    state = StateField(max_length=20, choices=State, default=State.RECEIVED, editable=False)
    kind = models.CharField(max_length=30, choices=Kind)
    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="feedback")
    rule = models.ForeignKey(Rule, models.PROTECT, null=True, blank=True, related_name="+")
    text = models.TextField(max_length=TEXT_LIMIT)
    contact = models.EmailField(blank=True)
    language = models.CharField(max_length=10, choices=settings.LANGUAGES, default="en")
    submission = models.UUIDField(unique=True, editable=False, help_text="Of the form: sent twice, it is one item.")
    filed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    token = models.UUIDField(null=True, blank=True, db_index=True, help_text="The machine that gave it.")
    received_at = models.DateTimeField(default=now, editable=False)
    due_at = models.DateTimeField(null=True, editable=False, help_text="A copy of the running clock's.")
    answer_text = models.TextField(max_length=TEXT_LIMIT, blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    led_to = models.ForeignKey(PolicyVersion, models.PROTECT, null=True, blank=True, related_name="led_to_by")

    untold = frozenset({"submission"})
    objects = FeedbackQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at"]
        verbose_name_plural = "feedback"
        indexes = [models.Index(fields=["state", "due_at"], name="feedback_by_state")]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state="received", answer_text="", answered_by__isnull=True, answered_at__isnull=True, led_to=None
                )
                | Q(state="answered", answered_by__isnull=False, answered_at__isnull=False) & ~Q(answer_text=""),
                name="feedback_answered_whole",
            ),
            models.CheckConstraint(
                condition=Q(filed_by=None) | Q(answered_by=None) | ~Q(answered_by=models.F("filed_by")),
                name="feedback_answered_by_another",
            ),
            models.CheckConstraint(
                condition=Q(led_to=None) | ~Q(led_to=models.F("version")), name="feedback_led_to_another"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["ambiguity", "near_miss", "unintended_consequence"]), name="feedback_kind_known"
            ),
            models.CheckConstraint(condition=~Q(text=""), name="feedback_says_something"),
        ]

    def __str__(self) -> str:
        return self.ref

    def get_absolute_url(self) -> str:
        return reverse("aup:feedback_item", args=[self.ref])

    @property
    def severity(self) -> int:
        return self.rule.severity if self.rule else 2

    @property
    def led_to_in_public(self) -> PolicyVersion | None:
        """The version it led to, once everybody may read that."""
        return self.led_to if self.led_to and self.led_to.published_at else None

    def clock_moved(self, clock: Clock) -> None:
        due_at = None if clock.stopped_at else clock.due_at
        type(self).objects.filter(pk=self.pk).exclude(due_at=due_at).update(due_at=due_at)
        self.due_at = due_at

    def could_have_led_to(self) -> models.QuerySet[PolicyVersion]:
        """The versions that it can be linked to: in the making, or published since it came; the newest first."""
        later = Q(published_at__gt=self.received_at) | Q(state__in=["draft", "in_review", "approved"])
        return PolicyVersion.objects.filter(later).exclude(pk=self.version_id).order_by("-drafted_at")

    @operation(
        creates=True,
        permission=Permission.FEEDBACK_FILE,
        guard=about_what_was_published,
        said=gettext_lazy("gave feedback on the policy"),
    )
    def file(self, *, actor: Actor) -> None:
        """Take it in, start the clock of the answer and confirm receipt. Refused about a version that is no more than
        a draft, and about a rule that the version does not have.
        """
        self.due_at = clocks.start(self, Clock.Kind.FEEDBACK, severity=self.severity).due_at
        letters.confirm_receipt(self, actor=actor)

    @operation(
        source=State.RECEIVED,
        target=State.ANSWERED,
        permission=Permission.FEEDBACK_ANSWER,
        guard=not_ones_own,
        label=gettext_lazy("Answer"),
        said=gettext_lazy("answered the feedback"),
    )
    def answer(self, *, actor: User, answer: str, led_to: PolicyVersion | None = None) -> None:
        """Answer once and for good, and tell whoever gave it. `led_to` is the version that it changed, which may still
        be a draft.
        """
        if not answer.strip():
            raise Refused(_("Write an answer."))
        self.answer_text, self.answered_by, self.answered_at = answer.strip(), actor, now()
        self._lead_to(led_to)
        clocks.stop(self, Clock.Kind.FEEDBACK)
        letters.send_answer(self, actor=actor)

    @operation(
        source=State.ANSWERED,
        permission=Permission.FEEDBACK_ANSWER,
        guard=not_ones_own,
        label=gettext_lazy("Link to a version"),
        said=gettext_lazy("linked the feedback to a version"),
    )
    def link(self, *, actor: User, led_to: PolicyVersion) -> None:
        """Say which version it led to, instead of another if one was named before. The public history tells it once
        that version is published.
        """
        self._lead_to(led_to)

    @operation(
        source=State.ANSWERED,
        permission=Permission.FEEDBACK_ANSWER,
        guard=linked,
        label=gettext_lazy("Take the link off"),
        said=gettext_lazy("took the feedback off its version"),
    )
    def unlink(self, *, actor: User) -> None:
        """It did not lead to that version after all."""
        self.led_to = None

    def _lead_to(self, version: PolicyVersion | None) -> None:
        if version is not None and not self.could_have_led_to().filter(pk=version.pk).exists():
            raise Refused(
                _("Version %(number)s cannot have come of it: it was out before, or it was withdrawn as a draft.")
                % {"number": version.number}
            )
        self.led_to = version
