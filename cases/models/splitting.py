"""Taking a case apart: reports that turn out to be about somebody or something else go into a case of their own."""

from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.models import Rule
from cases.models import carrying, course
from governance.models import AISystem
from tipstaff.accounts.models import Subject
from tipstaff.permissions import Permission
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.unit import UnitOfWork, in_unit_of_work


class Splitting(models.Model):
    class Meta:
        abstract = True

    def locked_reports(self: Any, state: str) -> list[Any]:
        """Its reports in this state, read and locked in one query for the act under way: there may be hundreds."""
        rows = self.reports.filter(state=state).select_related("rule").order_by("id")

        def hold(work: UnitOfWork) -> list[Any]:
            found = list(rows.select_for_update(no_key=True, of=("self",)))
            for report in found:
                work.holds(report)
            return found

        return in_unit_of_work(hold)

    @operation(
        source=["open", "investigating"],
        permission=Permission.CASE_LEAD,
        guard=course.nobody_elses,
        said=gettext_lazy("split reports off the case"),
    )
    def split(
        self: Any,
        *,
        actor: Actor,
        reports: list[str],
        subject: Subject | None,
        rule: Rule,
        severity: int,
        reason: str,
        system: AISystem | None = None,
    ) -> Any:
        """Move the reports with these references into a case about another account, about what a system did, or about
        other rules: the one that is open there, or a new one; whoever had a part here has it there. Refused if none
        would stay, and where it would be the same matter again.
        """
        if self.is_matter_of(subject, system, rule):
            raise Refused(_("Choose another account or other rules; about the same there is one open case."))
        chosen = list(self.reports.filter(state="accepted", ref__in=reports).order_by("id"))
        if not chosen or len(chosen) != len(set(reports)):
            raise Refused(_("Some of these reports are not in the case any more. Look at the list again."))
        if not self.reports.filter(state="accepted").exclude(ref__in=reports).exists():
            raise Refused(_("At least one report has to stay. To move all of them, merge the case."))
        into = type(self).gather(actor=actor, subject=subject, rule=rule, severity=severity, system=system)
        carrying.carry(self, into, actor=actor, reporters=False)
        for report in chosen:
            report.move(actor=actor, into=into, severity=severity)
        return into
