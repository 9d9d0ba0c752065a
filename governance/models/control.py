"""Control: what makes a system follow a rule, who says so, and who looked.

A control names its rules by code and not by row: codes are permanent and never reused, while each publication makes new
rows. What runs in a system does not stop because the policy was published again. So that a control is not taken to
answer a text nobody checked it against, a verification keeps the version of the policy that was in force that day.
"""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.models import PolicyVersion, Rule
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

NAME_LIMIT = 160
TEXT_LIMIT = 2000
LINK_LIMIT = 500
VERIFIED_FOR = timedelta(days=180)  # how long a verification holds


class ControlQuerySet(RefQuerySet["Control"]):
    def visible_to(self, person: Any) -> Self:
        return self.all() if person.may(Permission.SYSTEM_VIEW) else self.none()

    def active(self) -> Self:
        """Those of systems that run or may, and not retired themselves."""
        return self.filter(state=Control.State.ACTIVE).exclude(system__state=AISystem.State.RETIRED)

    def covering(self, code: str) -> Self:
        return self.filter(rules__contains=[code])

    def to_verify(self, at: datetime) -> Self:
        """Active ones that nobody verified within `VERIFIED_FOR` before `at`, those found broken aside."""
        return (
            self.active()
            .filter(failed_at=None)
            .filter(Q(last_verified_at=None) | Q(last_verified_at__lte=at - VERIFIED_FOR))
        )


def owner_of_system(control: "Control", actor: Actor) -> str | None:
    if control.system.state == AISystem.State.RETIRED:
        return _("%(system)s is retired, so its controls stay as they are.") % {"system": control.system.title}
    return its_owner(control.system, actor)


def someone_else(control: "Control", actor: Actor) -> str | None:
    if not isinstance(actor, User):
        return _("Only a person can verify a control.")
    if actor.pk in (control.recorded_by_id, control.amended_by_id):
        return _("You recorded this control; someone else must verify it.")
    if actor.pk == control.system.owner_id:
        return _("You answer for this system; someone else must verify its controls.")
    if control.system.state == AISystem.State.RETIRED:
        return _("%(system)s is retired, so its controls stay as they are.") % {"system": control.system.title}
    return None


def someone_else_with_evidence(control: "Control", actor: Actor) -> str | None:
    if refusal := someone_else(control, actor):
        return refusal
    if not (control.evidence.strip() or control.evidence_url):
        return _("This control has no evidence; its owner adds what shows that it works, and then it can be verified.")
    return None


def person() -> models.ForeignKey:
    return models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False)


@references.register("control")
class Control(Record):
    class State(models.TextChoices):
        ACTIVE = "active", gettext_lazy("In use")
        RETIRED = "retired", gettext_lazy("Retired")

    class Stage(models.TextChoices):
        INTAKE = "intake", gettext_lazy("Intake: before somebody may use it")
        RUNTIME = "runtime", gettext_lazy("Runtime: while it works")
        OUTPUT = "output", gettext_lazy("Output: before a result takes effect")
        PEOPLE = "people", gettext_lazy("People: training, duties, escalation")

    class Mode(models.TextChoices):
        TECHNICAL = "technical", gettext_lazy("Technical: it cannot be done")
        AUTOMATED = "automated", gettext_lazy("Automated: a machine checks each time")
        MANUAL = "manual", gettext_lazy("Manual: a person checks")
        SELF_REPORTED = "self_reported", gettext_lazy("Self-reported: users promise")

    EDITABLE: ClassVar[frozenset[str]] = frozenset(
        {"name", "description", "kind", "stage", "mode", "rules", "evidence", "evidence_url"}
    )

    ref = models.CharField(max_length=20, unique=True, db_default=NextRef("K"), editable=False)
    state = StateField(max_length=8, choices=State, default=State.ACTIVE, editable=False)
    system = models.ForeignKey(AISystem, models.PROTECT, related_name="controls")
    name = models.CharField(gettext_lazy("name"), max_length=NAME_LIMIT)
    description = models.TextField(gettext_lazy("description"), max_length=TEXT_LIMIT)
    kind = models.CharField(max_length=40, blank=True, help_text="A control of the policy's catalogue, by code.")
    stage = models.CharField(gettext_lazy("stage"), max_length=8, choices=Stage)
    mode = models.CharField(gettext_lazy("mode"), max_length=14, choices=Mode)
    rules = ArrayField(models.CharField(max_length=10), help_text="Codes of the rules it enforces.")
    evidence = models.TextField(gettext_lazy("evidence"), max_length=TEXT_LIMIT, blank=True)
    evidence_url = models.URLField(gettext_lazy("link to evidence"), max_length=LINK_LIMIT, blank=True)
    recorded_by, recorded_at = person(), models.DateTimeField(default=now, editable=False)
    amended_by, amended_at = person(), models.DateTimeField(null=True, editable=False)
    verified_by, last_verified_at = person(), models.DateTimeField(null=True, editable=False)
    verified_under = models.ForeignKey(PolicyVersion, models.PROTECT, null=True, related_name="+", editable=False)
    failed_by, failed_at = person(), models.DateTimeField(null=True, editable=False)
    finding = models.TextField(max_length=TEXT_LIMIT, blank=True, editable=False)  # what who looked last has seen
    retired_at = models.DateTimeField(null=True, editable=False)
    reason = models.TextField(max_length=TEXT_LIMIT, blank=True, editable=False)  # why it was retired

    objects = ControlQuerySet.as_manager()

    class Meta:
        ordering = ["system_id", "stage", "ref"]
        indexes = [GinIndex(fields=["rules"], name="control_by_rule")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(description="") & Q(rules__len__gt=0), name="control_is_described"
            ),
            models.CheckConstraint(
                condition=Q(last_verified_at=None, verified_by=None)
                | Q(last_verified_at__isnull=False, verified_by__isnull=False, failed_at=None) & ~Q(finding=""),
                name="control_verified_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(failed_at=None, failed_by=None)
                | Q(failed_at__isnull=False, failed_by__isnull=False) & ~Q(finding=""),
                name="control_failed_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(verified_by=None) | Q(recorded_by=None) | ~Q(verified_by=F("recorded_by")),
                name="control_not_verified_by_its_recorder",
            ),
            models.CheckConstraint(
                condition=Q(verified_by=None) | Q(amended_by=None) | ~Q(verified_by=F("amended_by")),
                name="control_not_verified_by_its_editor",
            ),
            models.CheckConstraint(
                condition=Q(verified_by=None) | ~Q(evidence="") | ~Q(evidence_url=""),
                name="control_verified_on_evidence",
            ),
            models.CheckConstraint(
                condition=Q(state="active", retired_at=None, reason="")
                | Q(state="retired", retired_at__isnull=False) & ~Q(reason=""),
                name="control_retired_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(evidence_url="")
                | Q(evidence_url__startswith="https://")
                | Q(evidence_url__startswith="http://"),
                name="control_links_to_the_web",
            ),
            models.UniqueConstraint("system", Lower("name"), condition=Q(state="active"), name="control_name_once"),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.name}"

    @property
    def title(self) -> str:
        return f"{self.name} ({self.ref})"

    def get_absolute_url(self) -> str:
        return reverse("governance:control", args=[self.ref])

    def history_of(self) -> Record:
        return self.system

    @property
    def owner(self) -> User:
        return self.system.owner

    @property
    def verified_until(self) -> datetime | None:
        """Until when its verification holds; None if nobody verified it as it is now."""
        return self.last_verified_at + VERIFIED_FOR if self.last_verified_at else None

    def complete(self, *, actor: Actor) -> None:
        self.recorded_by = actor if isinstance(actor, User) else None
        self._check()

    def _check(self) -> None:
        """Refuse a name that another control of the system has, which is what a form sent twice looks like."""
        self.name, self.rules = self.name.strip(), known_codes(self.rules)
        others = Control.objects.filter(system=self.system_id, state=self.State.ACTIVE, name__iexact=self.name)
        if taken := others.exclude(pk=self.pk).first():
            raise Refused(_("%(control)s has this name already; open it, or choose another name.") % {"control": taken})

    @operation(
        creates=True,
        permission=Permission.SYSTEM_EDIT,
        guard=owner_of_system,
        label=gettext_lazy("Record"),
        said=gettext_lazy("recorded a control"),
    )
    def record(self, *, actor: Actor) -> None:
        """Say what makes the system follow these rules. It counts for little until somebody else has looked."""

    @operation(
        source=State.ACTIVE,
        permission=Permission.SYSTEM_EDIT,
        guard=owner_of_system,
        label=gettext_lazy("Edit"),
        said=gettext_lazy("changed a control"),
    )
    def amend(self, *, actor: Actor, **columns: Any) -> None:
        """Replace what the control is, covers or shows. What was verified was another control, so it is open again."""
        for name in columns.keys() & self.EDITABLE:
            setattr(self, name, columns[name])
        self._check()
        self.amended_by, self.amended_at = actor if isinstance(actor, User) else None, now()
        self._forget_verification()

    def _forget_verification(self) -> None:
        self.verified_by = self.last_verified_at = self.verified_under = self.failed_by = self.failed_at = None
        self.finding = ""

    @operation(
        source=State.ACTIVE,
        permission=Permission.CONTROL_VERIFY,
        guard=someone_else_with_evidence,
        label=gettext_lazy("Verify"),
        said=gettext_lazy("verified a control"),
    )
    def verify(self, *, actor: User, finding: str) -> None:
        """Say that it works and what was looked at. It holds for `VERIFIED_FOR`; who recorded or owns it cannot."""
        self._forget_verification()
        self.finding = required(finding)
        self.verified_by, self.last_verified_at = actor, now()
        self.verified_under = PolicyVersion.objects.in_force(now())

    @operation(
        source=State.ACTIVE,
        permission=Permission.CONTROL_VERIFY,
        guard=someone_else,
        label=gettext_lazy("Report that it does not work"),
        said=gettext_lazy("found that a control does not work"),
    )
    def refute(self, *, actor: User, finding: str) -> None:
        """Say that it does not work. It counts for nothing until it was changed or verified."""
        self._forget_verification()
        self.finding = required(finding)
        self.failed_by, self.failed_at = actor, now()

    @operation(
        source=State.ACTIVE,
        target=State.RETIRED,
        permission=Permission.SYSTEM_EDIT,
        guard=owner_of_system,
        label=gettext_lazy("Retire"),
        said=gettext_lazy("retired a control"),
    )
    def retire(self, *, actor: Actor, reason: str) -> None:
        """End it: it enforces nothing from now on. It stays readable."""
        self.reason, self.retired_at = required(reason), now()


def known_codes(codes: list[str]) -> list[str]:
    """`codes` once each and in order; refused if there are none, or one is no rule of any published policy."""
    wanted = sorted({code.strip().upper() for code in codes if code.strip()})
    if not wanted:
        raise Refused(_("Choose at least one rule that this control enforces."))
    rules = Rule.objects.filter(version__state=PolicyVersion.State.PUBLISHED, code__in=wanted)
    if unknown := sorted(set(wanted) - set(rules.values_list("code", flat=True))):
        raise Refused(_("The policy has no rule %(codes)s.") % {"codes": ", ".join(unknown)})
    return wanted
