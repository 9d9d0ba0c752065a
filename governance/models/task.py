"""ControlTask: what a decision about a system's own behaviour asks of whoever answers for the system. No account is
limited for what a system did; the system is mended, or somebody says why not.
"""

from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.models.control import TEXT_LIMIT, Control
from governance.models.system import AISystem, its_owner, required
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import NextRef, Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.states import StateField

DAYS = {4: 3, 3: 14, 2: 30, 1: 90}  # to do it in, by the severity of what was found


class ControlTaskQuerySet(RefQuerySet["ControlTask"]):
    def visible_to(self, person: Any) -> Self:
        return self.all() if person.may(Permission.SYSTEM_VIEW) else self.none()

    def open_now(self) -> Self:
        """Those to do, what is due first."""
        return self.filter(state=ControlTask.State.OPEN).order_by("due_at", "id")

    def for_person(self, person: User) -> Self:
        """Open ones of the systems that `person` answers for; for who verifies controls also those without a system."""
        mine = Q(system__owner=person)
        if person.may(Permission.CONTROL_VERIFY):
            mine |= Q(system=None)
        return self.open_now().filter(mine)


def owner_of_its_system(task: "ControlTask", actor: Actor) -> str | None:
    if task.system is None:
        return _("Nobody said yet which system this is about.")
    return its_owner(task.system, actor)


@references.register("control_task")
class ControlTask(Record):
    class State(models.TextChoices):
        OPEN = "open", gettext_lazy("To do")
        DONE = "done", gettext_lazy("Done")
        DISMISSED = "dismissed", gettext_lazy("Set aside")

    ref = models.CharField(max_length=20, unique=True, db_default=NextRef("T"), editable=False)
    state = StateField(max_length=10, choices=State, default=State.OPEN, editable=False)
    about = models.CharField(max_length=80, unique=True, editable=False, help_text="The decision, as a reference.")
    rule = models.CharField(max_length=10, editable=False, help_text="The code of the rule that was not held.")
    severity = models.PositiveSmallIntegerField(editable=False)
    system = models.ForeignKey(AISystem, models.PROTECT, null=True, related_name="tasks", editable=False)
    raised_at = models.DateTimeField(default=now, editable=False)
    due_at = models.DateTimeField(editable=False)
    control = models.ForeignKey(Control, models.PROTECT, null=True, related_name="tasks", editable=False)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False)
    ended_at = models.DateTimeField(null=True, editable=False)
    said = models.TextField(max_length=TEXT_LIMIT, blank=True, editable=False)  # what was done, or why nothing is

    listed_with = ("system",)
    objects = ControlTaskQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        indexes = [models.Index(fields=["due_at", "id"], condition=Q(state="open"), name="control_task_open")]
        constraints = [
            models.CheckConstraint(condition=Q(due_at__gt=F("raised_at")), name="control_task_has_time"),
            models.CheckConstraint(
                condition=Q(state="open", ended_by=None, ended_at=None, said="")
                | ~Q(state="open") & Q(ended_by__isnull=False, ended_at__isnull=False) & ~Q(said=""),
                name="control_task_ended_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(system__isnull=False), name="control_task_done_in_a_system"
            ),
            models.CheckConstraint(
                condition=Q(control=None) | Q(state="done"), name="control_task_names_a_control_when_done"
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def title(self) -> str:
        return _("Control task %(ref)s: %(rule)s") % {"ref": self.ref, "rule": self.rule}

    def get_absolute_url(self) -> str:
        return reverse("governance:control_task", args=[self.ref])

    def is_late(self, at: datetime) -> bool:
        return self.state == self.State.OPEN and self.due_at <= at

    def complete(self, *, actor: Actor) -> None:
        self.raised_at = now()
        self.due_at = self.raised_at + timedelta(days=DAYS[self.severity])

    @operation(creates=True, permission=Permission.DECISION_ISSUE, said=gettext_lazy("made a control task"))
    def open(self, *, actor: Actor) -> None:
        """A decision found that a system behaved wrongly: somebody mends it within DAYS of its severity."""

    @operation(
        source=State.OPEN,
        permission=Permission.CONTROL_VERIFY,
        label=gettext_lazy("Give it to a system"),
        said=gettext_lazy("gave the task to a system"),
    )
    def assign(self, *, actor: Actor, system: AISystem) -> None:
        """Say which system it is about; who answers for that one has it now. Refused for a retired system."""
        if system.state == AISystem.State.RETIRED:
            raise Refused(_("%(system)s is retired. Choose one that is in use.") % {"system": system.title})
        self.system = system

    @operation(
        source=State.OPEN,
        target=State.DONE,
        permission=Permission.SYSTEM_EDIT,
        guard=owner_of_its_system,
        label=gettext_lazy("Say that it is done"),
        said=gettext_lazy("did what the task asked"),
    )
    def finish(self, *, actor: User, said: str, control: Control | None = None) -> None:
        """Say what was changed, and which control shows it, if one does: one of this system, for this rule."""
        if control and (control.system_id != self.system_id or self.rule not in control.rules):
            raise Refused(_("Choose a control of this system that enforces %(rule)s.") % {"rule": self.rule})
        self.said, self.control = required(said), control
        self.ended_by, self.ended_at = actor, now()

    @operation(
        source=State.OPEN,
        target=State.DISMISSED,
        permission=Permission.CONTROL_VERIFY,
        label=gettext_lazy("Set it aside"),
        said=gettext_lazy("set the task aside"),
    )
    def dismiss(self, *, actor: User, said: str) -> None:
        """Say why nothing is done in any system."""
        self.said, self.ended_by, self.ended_at = required(said), actor, now()
