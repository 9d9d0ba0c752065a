"""DecisionMatrix: intent × sensitivity × severity × recurrence → tier, with what each tier brings."""

from collections.abc import Callable
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from aup import evaluation
from aup.matrix import editing, shape, soundness, table
from tipstaff.ledger.models import UUIDv7
from tipstaff.workflow.refused import Refused

NAMED = 3  # problems told at once; the editor lists them all


def said(title: str) -> str:
    """A title of a matrix in the reader's language, if it is one of the default matrix; else as it was given."""
    return _(title) if title else ""


class DecisionMatrix(models.Model):
    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    version = models.OneToOneField("aup.PolicyVersion", models.PROTECT, related_name="matrix")
    document = models.JSONField(help_text="decision_matrix.yaml as it was given.")

    class Meta:
        verbose_name_plural = "decision matrices"

    def __str__(self) -> str:
        return str(self.version_id)

    @property
    def cells(self) -> dict[tuple[str, str, int, str], str]:
        """Tier by (intent, sensitivity, severity, recurrence)."""
        return table.cells(self.document)

    @property
    def tiers(self) -> dict[str, dict[str, Any]]:
        """Every tier by its code, from lightest to heaviest."""
        return table.tiers(self.document)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Intent, sensitivity and severity, each with its tier for a first, repeated and persistent breach."""
        return list(self.document["matrix"])

    @property
    def sanctions(self) -> dict[str, dict[str, Any]]:
        """Title and DSA restriction of every kind of sanction."""
        return dict(self.document["sanctions"])

    @property
    def factors(self) -> list[dict[str, Any]]:
        """The listed factors: mitigating ones have steps -1, aggravating ones 1."""
        adjustments = self.document["adjustments"]
        return [*adjustments["mitigating"], *adjustments["aggravating"]]

    @property
    def recurrence_window_days(self) -> int:
        return int(self.document["dimensions"]["recurrence"]["window_days"])

    def interim_hours(self, severity: int) -> int | None:
        """How long an interim measure may last at `severity`; None where none is allowed."""
        hours = self.document["interim_measures"]["max_hours"].get(str(severity))
        return None if hours is None else int(hours)

    def sanction_words(self, sanction: dict[str, Any]) -> str:
        """A sanction of a tier as people read it: “Suspend the account (7 days)”."""
        limits = []
        if "quota_percent" in sanction:
            limits.append(_("%(percent)s %% of the normal quota") % {"percent": sanction["quota_percent"]})
        if "days" in sanction:
            limits.append(ngettext("%(count)s day", "%(count)s days", sanction["days"]) % {"count": sanction["days"]})
        if "due_days" in sanction:
            days = sanction["due_days"]
            limits.append(ngettext("within %(count)s day", "within %(count)s days", days) % {"count": days})
        title = said(str(self.document["sanctions"][sanction["type"]]["title"]))
        return f"{title} ({pgettext('between two of a list', ', ').join(limits)})" if limits else title

    def evaluate(self, rule: dict[str, Any], **found: Any) -> evaluation.Evaluation:
        """`evaluation.evaluate` with this matrix; `rule` is `Rule.facts`."""
        return evaluation.evaluate(self.document, rule, **found)

    @property
    def digest(self) -> str:
        """What an editor carries along, so that nobody saves over what they have not seen."""
        return editing.digest(self.document)

    def amend(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Write what `change` makes of the document; what it refuses with ValueError is refused with its words. Called
        by the operations of the version, which hold its row.
        """
        try:
            self.document = change(self.document)
        except ValueError as error:
            raise Refused(str(error)) from error
        if found := shape.problems(self.document):
            raise Refused(" ".join(found[:NAMED]))
        self.save(update_fields=["document"])

    def problems(self) -> list[str]:
        """Why it cannot be published, one sentence each: it is not sound, or lacks what a rule of its version names."""
        if found := shape.problems(self.document):
            return found
        rules = [rule.facts for rule in self.version.rules.all()]
        return soundness.problems(self.document) + soundness.rule_problems(self.document, rules)

    def unsound(self) -> list[str]:
        """The problems as a version lists them beside its other gaps: the first few, and how many more there are."""
        found = self.problems()
        if not found:
            return []
        first = _("The decision matrix is not sound: %(first)s") % {"first": " ".join(found[:NAMED])}
        if (more := len(found) - NAMED) > 0:
            told = ngettext("%(count)s more problem.", "%(count)s more problems.", more) % {"count": more}
            return [f"{first} {told}"]
        return [first]
