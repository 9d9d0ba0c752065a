"""Enforcing the policy: what was reported, the case it opened, what was found, decided and imposed."""

from cases.models.answerable import Answerable
from cases.models.at_desk import Commitment, Draft
from cases.models.case import Case
from cases.models.check import Check
from cases.models.claim import Claim
from cases.models.conflict import Conflict
from cases.models.consent import Consent
from cases.models.decision import Decision
from cases.models.evidence import Evidence
from cases.models.finding import Finding
from cases.models.hand import Hand
from cases.models.hearing import Hearing
from cases.models.holding import Passing, Skip
from cases.models.interim import Interim
from cases.models.note import Note
from cases.models.queue_filter import QueueFilter
from cases.models.referral import Referral, Withholding
from cases.models.remediation import Remediation
from cases.models.report import Report
from cases.models.sanction import Sanction
from cases.models.survey import SurveyAnswer
from cases.models.verdict import Verdict

__all__ = [
    "Answerable",
    "Case",
    "Check",
    "Claim",
    "Commitment",
    "Conflict",
    "Consent",
    "Decision",
    "Draft",
    "Evidence",
    "Finding",
    "Hand",
    "Hearing",
    "Interim",
    "Note",
    "Passing",
    "QueueFilter",
    "Referral",
    "Remediation",
    "Report",
    "Sanction",
    "Skip",
    "SurveyAnswer",
    "Verdict",
    "Withholding",
]
