"""Pathway: by which entrance a report came. Answerable: who answers for what is decided about it, from when on."""

from typing import TYPE_CHECKING, Any, Self

from django.db import connection, models
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.accounts.models import User
from tipstaff.permissions import Permission, Role, roles_with
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

if TYPE_CHECKING:
    from cases.models.report import Report

NAME_LIMIT = 120
CONTACT_LIMIT = 200
REASON_LIMIT = 300
ELIGIBLE = roles_with(Permission.DECISION_ISSUE)


class Pathway(models.TextChoices):
    PUBLIC = "public", gettext_lazy("Customers and the public")
    AUDITOR = "auditor", gettext_lazy("Auditors")
    INTERNAL = "internal", gettext_lazy("People who work here")
    PARTNER = "partner", gettext_lazy("Partners and authorities")


def pathway_of(report: "Report") -> Pathway:
    """The entrance that a report came by: a trusted flagger and a machine are partners, whatever form they used."""
    if report.flagger_id or report.token:
        return Pathway.PARTNER
    named = {"auditor": Pathway.AUDITOR, "internal": Pathway.INTERNAL}
    return named.get(report.channel, Pathway.PUBLIC)


class AnswerableQuerySet(RefQuerySet["Answerable"]):
    def visible_to(self, person: Any) -> Self:
        return self if person.may(Permission.PATHWAY_SET) else self.none()

    def current(self) -> dict[str, "Answerable"]:
        """Who answers for each pathway now; nothing for those where nobody was named. One query."""
        newest = self.order_by("pathway", "-number").distinct("pathway")
        return {one.pathway: one for one in newest}

    def of(self, pathway: str) -> "Answerable | None":
        return self.filter(pathway=pathway).order_by("-number").first()


@references.register("answerable")
class Answerable(Record):
    """One edition of who is accountable for the decisions on one pathway (S34). Never changed: the next takes its
    place.
    """

    pathway = models.CharField(max_length=20, choices=Pathway)
    number = models.PositiveIntegerField()
    role = models.CharField(max_length=40, choices=Role)
    name = models.CharField(max_length=NAME_LIMIT)
    contact = models.CharField(max_length=CONTACT_LIMIT, help_text="An e-mail or web address, shown to everybody.")
    reason = models.CharField(max_length=REASON_LIMIT)
    appointed_by = models.ForeignKey(User, models.PROTECT, related_name="+", db_index=False)
    appointed_at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"
    objects = AnswerableQuerySet.as_manager()

    class Meta:
        ordering = ["pathway", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["pathway", "number"], name="answerable_edition_once"),
            models.CheckConstraint(
                condition=~models.Q(name="") & ~models.Q(contact="") & ~models.Q(reason=""), name="answerable_whole"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pathway} {self.number}"

    @property
    def title(self) -> str:
        return _("Who answers for: %(pathway)s") % {"pathway": self.get_pathway_display()}

    def get_absolute_url(self) -> str:
        return reverse("cases:entrances")

    @property
    def contact_url(self) -> str:
        """Where a press on the contact leads."""
        return self.contact if self.contact.startswith(("http://", "https://")) else f"mailto:{self.contact}"

    def complete(self, *, actor: Actor) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('who is answerable', 0))")
        latest = type(self).objects.of(self.pathway)
        self.number, self.appointed_at = (latest.number if latest else 0) + 1, now()
        for name in ("name", "contact", "reason"):
            setattr(self, name, getattr(self, name).strip())

    @operation(creates=True, permission=Permission.PATHWAY_SET, said=gettext_lazy("named who answers for an entrance"))
    def appoint(self, *, actor: Actor, after: int) -> None:
        """From now on the entrance and its receipts name this person. `after` is the number of the edition that this
        one was made from; refused if somebody else named another meanwhile, and for a role that decides no case.
        """
        if self.number != after + 1:
            raise Refused(_("Somebody else changed this meanwhile. Look at what they wrote, then send yours again."))
        if self.role not in ELIGIBLE:
            raise Refused(_("Name somebody whose role decides cases."))
