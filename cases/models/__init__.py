"""Enforcing the policy: what was reported, the case it opened, what was found, decided and imposed."""

from cases.models.case import Case
from cases.models.decision import Decision
from cases.models.evidence import Evidence
from cases.models.finding import Finding
from cases.models.hand import Hand
from cases.models.report import Report
from cases.models.sanction import Sanction

__all__ = ["Case", "Decision", "Evidence", "Finding", "Hand", "Report", "Sanction"]
