"""DecisionMatrix: intent × sensitivity × severity × recurrence → tier, with what each tier brings."""

from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from aup import evaluation
from tipstaff.ledger.models import UUIDv7


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
        return evaluation.cells(self.document)

    @property
    def tiers(self) -> dict[str, dict[str, Any]]:
        """Every tier by its code, from lightest to heaviest."""
        return evaluation.tiers(self.document)

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

    def problems(self) -> list[str]:
        return evaluation.problems(self.document)
