"""What there are clocks for."""

from django.db import models
from django.utils.translation import gettext_lazy


class Kind(models.TextChoices):
    RECEIPT = "receipt", gettext_lazy("Receipt")
    TRIAGE = "triage", gettext_lazy("Triage")
    INTERIM = "interim", gettext_lazy("Interim measure")
    DECISION = "decision", gettext_lazy("Decision")
    AUTHORITY = "authority", gettext_lazy("Notice to the authority")
    STATEMENT = "statement", gettext_lazy("Statement of reasons")
    REPORTER = "reporter", gettext_lazy("Answer to the reporter")
    FINDING = "finding", gettext_lazy("Answer to an auditor")
    APPEAL_RECEIPT = "appeal_receipt", gettext_lazy("Receipt of an appeal")
    APPEAL = "appeal", gettext_lazy("Appeal decision")
    WAIVER_RECEIPT = "waiver_receipt", gettext_lazy("Waiver taken up")
    WAIVER = "waiver", gettext_lazy("Waiver decision")
    RECERTIFICATION = "recertification", gettext_lazy("Recertification")
    TRAINING = "training", gettext_lazy("Training")
    FEEDBACK = "feedback", gettext_lazy("Feedback answer")
    EXPORT = "export", gettext_lazy("Export")
