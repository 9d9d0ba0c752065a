"""Enforcing the policy: what was reported, the case it opened, what was found, decided and imposed."""

from cases.models.at_desk import Commitment, Draft
from cases.models.case import Case
from cases.models.decision import Decision
from cases.models.evidence import Evidence
from cases.models.finding import Finding
from cases.models.hand import Hand
from cases.models.holding import Passing, Skip
from cases.models.interim import Interim
from cases.models.queue_filter import QueueFilter
from cases.models.referral import Referral, Withholding
from cases.models.report import Report
from cases.models.sanction import Sanction
from cases.models.verdict import Verdict

__all__ = [
    "Case",
    "Commitment",
    "Decision",
    "Draft",
    "Evidence",
    "Finding",
    "Hand",
    "Interim",
    "Passing",
    "QueueFilter",
    "Referral",
    "Report",
    "Sanction",
    "Skip",
    "Verdict",
    "Withholding",
]
