"""AISystem: what the provider runs and somebody answers for, what it said about itself, and who approved it."""

from datetime import date
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.models import PolicyVersion
from governance.intake import KEYS, Question, unanswered
from governance.models.release import Release
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import NextRef, Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.states import StateField

NAME_LIMIT = 120
TEXT_LIMIT = 2000
REASON_LIMIT = 1000


class AISystemQuerySet(RefQuerySet["AISystem"]):
    def visible_to(self, person: Any) -> Self:
        return self.all() if person.may(Permission.SYSTEM_VIEW) else self.none()

    def standing(self) -> Self:
        """All but the retired ones: what the map shows."""
        return self.exclude(state=AISystem.State.RETIRED)

    def in_review(self) -> Self:
        return self.filter(state=AISystem.State.IN_REVIEW)


def its_owner(system: "AISystem", actor: Actor) -> str | None:
    """Only who answers for a system speaks for it."""
    if isinstance(actor, User) and actor.pk != system.owner_id:
        return _("%(name)s answers for this system; only its owner can do this.") % {"name": system.owner}
    return None


def ready_for_review(system: "AISystem", actor: Actor) -> str | None:
    return its_owner(system, actor) or system.facts_missing()


def no_part_in_it(system: "AISystem", actor: Actor) -> str | None:
    if not isinstance(actor, User):
        return _("Only a person can approve a system.")
    if actor.pk == system.owner_id:
        return _("You answer for this system; someone else must review it.")
    if actor.pk == system.proposed_by_id:
        return _("You proposed this system; someone else must review it.")
    return None


def may_be_approved(system: "AISystem", actor: Actor) -> str | None:
    """Unanswered is not approved: the refusal lists what is open."""
    if refusal := no_part_in_it(system, actor) or system.facts_missing():
        return refusal
    if questions := system.unanswered:
        return _("These questions have no answer yet: %(questions)s Send it back, so that the owner answers them.") % {
            "questions": " ".join(str(question.wording) for question in questions)
        }
    return None


def codes(**extra: Any) -> ArrayField:
    return ArrayField(models.CharField(max_length=12), default=list, blank=True, **extra)


def person() -> models.ForeignKey:
    return models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False)


@references.register("ai_system")
class AISystem(Record):
    class State(models.TextChoices):
        PROPOSED = "proposed", gettext_lazy("Proposed")
        IN_REVIEW = "in_review", gettext_lazy("In review")
        APPROVED = "approved", gettext_lazy("Approved")
        RETIRED = "retired", gettext_lazy("Retired")

    class Modality(models.TextChoices):
        """The words of the taxonomy."""

        TEXT = "text", gettext_lazy("Text")
        IMAGE = "image", gettext_lazy("Images")
        AUDIO = "audio", gettext_lazy("Audio")
        VIDEO = "video", gettext_lazy("Video")
        CODE = "code", gettext_lazy("Code")
        ACTION = "action", gettext_lazy("Actions: it uses tools, accounts or money")

    class Channel(models.TextChoices):
        INTERFACE = "interface", gettext_lazy("An interface of ours that people use")
        API = "api", gettext_lazy("An API that developers build on")
        DISTRIBUTOR = "distributor", gettext_lazy("A cloud partner or reseller")
        WEIGHTS = "weights", gettext_lazy("Weights that others run themselves")
        INTERNAL = "internal", gettext_lazy("Inside our organisation only")

    class Risk(models.TextChoices):
        MINIMAL = "minimal", gettext_lazy("Minimal")
        LIMITED = "limited", gettext_lazy("Limited")
        HIGH = "high", gettext_lazy("High")

    EDITABLE: ClassVar[frozenset[str]] = frozenset(
        {"name", "purpose", "modalities", "channel", "geographies", "risk_class"}
    )

    ref = models.CharField(max_length=20, unique=True, db_default=NextRef("M"), editable=False)
    state = StateField(max_length=12, choices=State, default=State.PROPOSED, editable=False)
    name = models.CharField(gettext_lazy("name"), max_length=NAME_LIMIT)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="systems")
    purpose = models.TextField(gettext_lazy("purpose"), max_length=TEXT_LIMIT)
    modalities = codes(help_text="Empty: not settled yet.")
    channel = models.CharField(gettext_lazy("channel"), max_length=12, choices=Channel)
    geographies = codes(help_text="Country codes, EU, or * for everywhere. Empty: not settled yet.")
    risk_class = models.CharField(gettext_lazy("risk class"), max_length=8, choices=Risk)
    answers = models.JSONField(default=dict, blank=True, help_text="Text by the key of governance.intake.QUESTIONS.")
    proposed_by, proposed_at = person(), models.DateTimeField(default=now, editable=False)
    submitted_at = models.DateTimeField(null=True, editable=False)
    approved_by, approved_at = person(), models.DateTimeField(null=True, editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)
    # Why it was last sent back, taken up again or retired; empty while it is in review or approved.
    reason = models.TextField(max_length=REASON_LIMIT, blank=True, editable=False)

    objects = AISystemQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        verbose_name = "AI system"
        constraints = [
            models.UniqueConstraint(Lower("name"), condition=~Q(state="retired"), name="system_name_once"),
            models.CheckConstraint(condition=~Q(name="") & ~Q(purpose=""), name="system_is_described"),
            models.CheckConstraint(
                condition=Q(state="proposed", approved_at=None, retired_at=None)
                | Q(state="in_review", submitted_at__isnull=False, approved_at=None, retired_at=None, reason="")
                | Q(state="approved", submitted_at__isnull=False, approved_at__isnull=False, retired_at=None, reason="")
                | Q(state="retired", retired_at__isnull=False) & ~Q(reason=""),
                name="system_stamps",
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by=None)
                | Q(approved_at__isnull=False, approved_by__isnull=False),
                name="system_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("owner")), name="system_not_approved_by_its_owner"
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | Q(proposed_by=None) | ~Q(approved_by=F("proposed_by")),
                name="system_not_approved_by_its_proposer",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["in_review", "approved"])
                | (Q(modalities__len__gt=0) & Q(geographies__len__gt=0)),
                name="system_reviewed_with_its_facts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.name}"

    @property
    def title(self) -> str:
        return f"{self.name} ({self.ref})"

    def get_absolute_url(self) -> str:
        return reverse("governance:system", args=[self.ref])

    @property
    def unanswered(self) -> list[Question]:
        return unanswered(self.answers)

    @property
    def modality_labels(self) -> list[str]:
        return [str(self.Modality(word).label) for word in self.modalities]

    def facts_missing(self) -> str | None:
        """Which facts have to be settled before a review, as a sentence; without them no rule can be matched to it."""
        missing = [
            name
            for name, given in ((_("modalities"), self.modalities), (_("geographies"), self.geographies))
            if not given
        ]
        return _("Settle these facts first: %(facts)s.") % {"facts": ", ".join(missing)} if missing else None

    def complete(self, *, actor: Actor) -> None:
        self.name = self.name.strip()
        self.proposed_by = actor if isinstance(actor, User) else None
        self._refuse_taken_name()

    def _refuse_taken_name(self) -> None:
        taken = AISystem.objects.standing().filter(name__iexact=self.name).exclude(pk=self.pk).first()
        if taken:
            raise Refused(_("%(system)s has this name already; open it, or choose another name.") % {"system": taken})

    @operation(
        creates=True,
        permission=Permission.SYSTEM_EDIT,
        label=gettext_lazy("Propose"),
        said=gettext_lazy("proposed the system"),
    )
    def propose(self, *, actor: Actor) -> None:
        """Put a system on record, whatever is settled about it, so that it is known before it runs."""

    @operation(
        source=State.PROPOSED,
        permission=Permission.SYSTEM_EDIT,
        guard=its_owner,
        label=gettext_lazy("Edit"),
        said=gettext_lazy("changed the facts"),
    )
    def amend(self, *, actor: Actor, **columns: Any) -> None:
        """Replace facts: name, purpose, modalities, channel, geographies, risk class. Not once it is in review."""
        for name in columns.keys() & self.EDITABLE:
            setattr(self, name, columns[name])
        self._refuse_taken_name()

    @operation(
        source=State.PROPOSED,
        permission=Permission.SYSTEM_EDIT,
        guard=its_owner,
        label=gettext_lazy("Answer"),
        said=gettext_lazy("answered intake questions"),
    )
    def answer(self, *, actor: Actor, answers: dict[str, str]) -> None:
        """Answer intake questions by key. Those left out keep their answer; what is no question is left aside."""
        self.answers = self.answers | {key: answers[key].strip() for key in KEYS if key in answers}

    @operation(
        source=State.PROPOSED,
        target=State.IN_REVIEW,
        permission=Permission.SYSTEM_EDIT,
        guard=ready_for_review,
        label=gettext_lazy("Submit for review"),
        said=gettext_lazy("submitted the system for review"),
    )
    def submit(self, *, actor: Actor) -> None:
        """Ask for approval. Facts and answers stay as they are while somebody reads them."""
        self.submitted_at, self.reason = now(), ""

    @operation(
        source=State.IN_REVIEW,
        target=State.PROPOSED,
        permission=Permission.SYSTEM_REVIEW,
        guard=no_part_in_it,
        label=gettext_lazy("Send back"),
        said=gettext_lazy("sent the system back"),
    )
    def send_back(self, *, actor: Actor, reason: str) -> None:
        """Give it back to its owner and say what is missing."""
        self.reason = required(reason)

    @operation(
        source=State.IN_REVIEW,
        target=State.APPROVED,
        permission=Permission.SYSTEM_REVIEW,
        guard=may_be_approved,
        label=gettext_lazy("Approve"),
        said=gettext_lazy("approved the system"),
    )
    def approve(self, *, actor: User) -> None:
        """Let it run. Refused with the list of what is unanswered, and to whoever owns or proposed it."""
        self.approved_by, self.approved_at = actor, now()

    @operation(
        source=State.APPROVED,
        target=State.PROPOSED,
        permission=Permission.SYSTEM_EDIT,
        guard=its_owner,
        label=gettext_lazy("Take up again"),
        said=gettext_lazy("took the system up again to change it"),
    )
    def revise(self, *, actor: Actor, reason: str) -> None:
        """Open facts and answers because the system changes. What was approved was another system, so approval ends."""
        self.reason = required(reason)
        self.approved_by = self.approved_at = self.submitted_at = None

    @operation(
        source=[State.PROPOSED, State.IN_REVIEW, State.APPROVED],
        permission=Permission.SYSTEM_REVIEW,
        label=gettext_lazy("Hand over"),
        said=gettext_lazy("handed the system over"),
    )
    def hand_over(self, *, actor: Actor, owner: User) -> None:
        """Let somebody else answer for it; never who approved it."""
        if not owner.may(Permission.SYSTEM_EDIT):
            raise Refused(_("%(name)s has no role that can own a system.") % {"name": owner})
        if owner.pk == self.approved_by_id:
            raise Refused(_("%(name)s approved this system and cannot own it as well.") % {"name": owner})
        self.owner = owner

    @operation(
        source=State.APPROVED,
        permission=Permission.SYSTEM_EDIT,
        guard=its_owner,
        label=gettext_lazy("Record a release"),
        said=gettext_lazy("recorded a release"),
    )
    def release(
        self,
        *,
        actor: Actor,
        name: str,
        released_on: date,
        policy_version: PolicyVersion,
        risks: str,
        testing: str,
        biases: str,
    ) -> Release:
        """Say what went out, under which version of the policy, with its risks, tests and known biases."""
        if self.releases.filter(name__iexact=name).exists():
            raise Refused(
                _("Release %(name)s is recorded already; a new one needs a name of its own.") % {"name": name}
            )
        by = actor if isinstance(actor, User) else None
        said = {"name": name, "released_on": released_on, "risks": risks, "testing": testing, "biases": biases}
        return Release.objects.create(system=self, policy_version=policy_version, recorded_by=by, **said)

    @operation(
        source=[State.PROPOSED, State.IN_REVIEW, State.APPROVED],
        target=State.RETIRED,
        permission=Permission.SYSTEM_EDIT,
        guard=its_owner,
        label=gettext_lazy("Retire"),
        said=gettext_lazy("retired the system"),
    )
    def retire(self, *, actor: Actor, reason: str) -> None:
        """End it: it runs no more, and the map leaves it out. Its history stays."""
        self.reason, self.retired_at = required(reason), now()


def required(reason: str) -> str:
    if not reason.strip():
        raise Refused(_("Say why; the reason stays in the history."))
    return reason.strip()
