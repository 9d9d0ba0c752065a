"""Disposal: a file's key is destroyed when nothing keeps it any more and two people agree. What stays certifies it."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.ledger.models import UUIDv7
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.vault.models.file import SealedFile
from tipstaff.vault.models.hold import lock_holds
from tipstaff.vault.models.people import is_same, person_column, person_only
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import NextRef, Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.states import StateField

REASON_LIMIT = 2000
APPROVALS = 2


class DisposalQuerySet(RefQuerySet["Disposal"]):
    def visible_to(self, person: Any) -> Self:
        known = self.exclude(references.about_own(person, "file__matter"))
        return known if person.may(Permission.CUSTODY_VIEW) else self.none()

    def waiting(self) -> Self:
        return self.filter(state=Disposal.State.PROPOSED)

    def approved(self) -> Self:
        """Proposals that enough people approved."""
        return self.waiting().annotate(yes=Count("approvals")).filter(yes__gte=APPROVALS)


def may_be_proposed(disposal: "Disposal", actor: Actor) -> str | None:
    """Retention that is not over refuses the proposal; what keeps a file from an erasure is put on record instead."""
    if disposal.file.state != SealedFile.State.SEALED:
        return _("There are no bytes of this file that could be disposed of.")
    if disposal.file.disposals.waiting().exists():
        return _("It is proposed already and waits for approval.")
    if disposal.ground == Disposal.Ground.EXPIRED:
        return disposal.file.kept_because(now())
    return None


def may_approve(disposal: "Disposal", actor: Actor) -> str | None:
    """Two people, neither of whom proposed it, and nothing that keeps the file by now."""
    if reason := person_only(actor):
        return reason
    if is_same(actor, disposal.proposed_by_id):
        return _("You proposed it; two others approve.")
    if any(is_same(actor, approval.person_id) for approval in disposal.approvals.all()):
        return _("You approved it already; somebody else has to as well.")
    return disposal.kept_because()


def nothing_keeps_it(disposal: "Disposal", _actor: Actor) -> str | None:
    if disposal.approvals.count() < APPROVALS:
        return _("It takes the approval of two people.")
    return disposal.kept_because()


@references.register("disposal")
class Disposal(Record):
    class State(models.TextChoices):
        PROPOSED = "proposed", gettext_lazy("Waiting for approval")
        REFUSED = "refused", gettext_lazy("Refused")
        CARRIED_OUT = "carried_out", gettext_lazy("Carried out")

    class Ground(models.TextChoices):
        EXPIRED = "expired", gettext_lazy("Its retention is over")
        ERASURE = "erasure", gettext_lazy("Somebody asked for erasure")

    ref = models.CharField(max_length=20, unique=True, db_default=NextRef("X"), editable=False)
    state = StateField(max_length=20, choices=State, default=State.PROPOSED, editable=False)
    file = models.ForeignKey(SealedFile, models.PROTECT, related_name="disposals")
    ground = models.CharField(gettext_lazy("ground"), max_length=10, choices=Ground)
    reason = models.TextField(gettext_lazy("reason"), max_length=REASON_LIMIT)
    proposed_by, proposed_at = person_column(), models.DateTimeField(default=now, editable=False)
    refusal = models.TextField(blank=True, editable=False)
    refused_by = person_column()
    ended_at = models.DateTimeField(null=True, editable=False)

    objects = DisposalQuerySet.as_manager()

    class Meta:
        ordering = ["-proposed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["file"], condition=Q(state__in=["proposed", "carried_out"]), name="disposal_once_per_file"
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", ended_at__isnull=True, refusal="")
                | Q(state="refused", ended_at__isnull=False) & ~Q(refusal="")
                | Q(state="carried_out", ended_at__isnull=False, refusal=""),
                name="disposal_ended",
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    def get_absolute_url(self) -> str:
        return reverse("vault:file", args=[self.file_id])

    def history_of(self) -> Record:
        return self.file

    def kept_because(self) -> str | None:
        """Why the file stays, or None (`SealedFile.kept_because`)."""
        return self.file.kept_because(now(), erasure=self.ground == self.Ground.ERASURE)

    @operation(
        creates=True,
        permission=Permission.FILE_DISPOSE,
        guard=may_be_proposed,
        said=gettext_lazy("proposed to dispose of a file"),
    )
    def propose(self, *, actor: Any) -> None:
        """Ask two people to approve. A request for erasure that something stands against is refused on record, with
        what it rests on, so that whoever asked can be told (GDPR 12(4)).
        """
        self.proposed_by, self.proposed_at = (actor if actor.actor_kind == "person" else None), now()
        if basis := self.kept_because():
            self.refuse(actor=actor, reason=basis)

    @operation(
        source=State.PROPOSED,
        permission=Permission.FILE_DISPOSE,
        guard=may_approve,
        label=gettext_lazy("Approve the disposal"),
        said=gettext_lazy("approved the disposal of a file"),
    )
    def approve(self, *, actor: Any) -> None:
        """Say that it may go. The second approval carries it out."""
        lock_holds(shared=True)
        Approval.objects.create(disposal=self, person=actor, approved_at=now())
        if self.approvals.count() >= APPROVALS:
            self.carry_out(actor=actor)

    @operation(
        source=State.PROPOSED,
        target=State.CARRIED_OUT,
        permission=Permission.FILE_DISPOSE,
        guard=nothing_keeps_it,
        said=gettext_lazy("certified the disposal of a file"),
    )
    def carry_out(self, *, actor: Any) -> None:
        """Destroy the file's key and leave this record as the certificate: what it was, why, and who approved."""
        self.ended_at = now()
        self.file.dispose(actor=actor, disposal=self.ref, sha256=self.file.sha256, size=self.file.size)

    @operation(
        source=State.PROPOSED,
        target=State.REFUSED,
        permission=Permission.FILE_DISPOSE,
        label=gettext_lazy("Refuse the disposal"),
        said=gettext_lazy("refused to dispose of a file"),
    )
    def refuse(self, *, actor: Any, reason: str) -> None:
        """Keep the file, and say on what basis."""
        self.refusal, self.ended_at = reason, now()
        self.refused_by = actor if actor.actor_kind == "person" else None


class Approval(models.Model):
    """One person's yes to a disposal. Never changed."""

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    disposal = models.ForeignKey(Disposal, models.PROTECT, related_name="approvals")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    approved_at = models.DateTimeField()

    class Meta:
        ordering = ["approved_at"]
        constraints = [models.UniqueConstraint(fields=["disposal", "person"], name="disposal_approved_once_each")]

    def __str__(self) -> str:
        return str(self.person)
