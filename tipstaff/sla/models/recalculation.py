"""Recalculation: somebody's order to let open clocks count by what the table and the calendars say by now."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.permissions import Permission
from tipstaff.sla.models.target import REASON_LIMIT, TargetTable
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import operation


@references.register("recalculation")
class Recalculation(Record):
    """Who moved clocks that were running, to which table, and why. Each clock that moved names it in its history."""

    table = models.ForeignKey(TargetTable, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=REASON_LIMIT)
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ordered_at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"

    class Meta:
        ordering = ["-ordered_at"]

    def __str__(self) -> str:
        return f"{self.table_id} {self.ordered_at:%Y-%m-%d}"

    @property
    def title(self) -> str:
        return _("Recalculation of %(date)s") % {"date": f"{self.ordered_at:%Y-%m-%d}"}

    def complete(self, *, actor: Actor) -> None:
        self.table = TargetTable.objects.newest()

    @operation(creates=True, permission=Permission.CLOCK_SET, said=gettext_lazy("ordered a recalculation of clocks"))
    def order(self, *, actor: Actor) -> None:
        """Have every open clock moved that the table in force would have due at another time."""
