"""What may be done, and which roles may do it. Roles are bundles of permissions, in code and nowhere else."""

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Permission(StrEnum):
    """`noun:verb`; the nouns are those of the domain."""

    REPORT_FILE = "report:file"
    REPORT_VIEW = "report:view"
    REPORT_TRIAGE = "report:triage"
    REPORT_WITHDRAW = "report:withdraw"
    CASE_VIEW = "case:view"
    CASE_OPEN = "case:open"
    CASE_CLAIM = "case:claim"
    CASE_INVESTIGATE = "case:investigate"
    CASE_LEAD = "case:lead"
    EVIDENCE_READ = "evidence:read"
    DECISION_PROPOSE = "decision:propose"
    DECISION_CONFIRM = "decision:confirm"
    DECISION_ISSUE = "decision:issue"
    SANCTION_IMPOSE = "sanction:impose"
    SANCTION_LIFT = "sanction:lift"
    APPEAL_LODGE = "appeal:lodge"
    APPEAL_VIEW = "appeal:view"
    APPEAL_DECIDE = "appeal:decide"
    APPEAL_WITHDRAW = "appeal:withdraw"
    SUBJECT_VIEW = "subject:view"
    SUBJECT_WRITE = "subject:write"
    POLICY_EDIT = "policy:edit"
    POLICY_SIGN_PRODUCT = "policy:sign_product"
    POLICY_SIGN_ENGINEERING = "policy:sign_engineering"
    POLICY_SIGN_LEGAL = "policy:sign_legal"
    POLICY_SIGN_COMPLIANCE = "policy:sign_compliance"
    POLICY_PUBLISH = "policy:publish"
    CLOCK_RUN = "clock:run"
    NOTICE_SEND = "notice:send"
    NOTICE_OPEN = "notice:open"
    HISTORY_VIEW = "history:view"
    HISTORY_EXPORT = "history:export"
    PERSON_MANAGE = "person:manage"
    TOKEN_MANAGE = "token:manage"  # noqa: S105  a permission's name, not a secret
    FILE_SEAL = "file:seal"
    FILE_READ = "file:read"
    FILE_UNSEAL = "file:unseal"


P = Permission


class Role(models.TextChoices):
    REVIEWER = "reviewer", _("Reviewer")
    LEAD = "lead", _("Lead")
    ADJUDICATOR = "adjudicator", _("Adjudicator")
    SENIOR_ADJUDICATOR = "senior_adjudicator", _("Senior adjudicator")
    HEAD_OF_ENFORCEMENT = "head_of_enforcement", _("Head of enforcement")
    COUNSEL = "counsel", _("Counsel")
    COMPLIANCE = "compliance", _("Compliance")
    PRODUCT = "product", _("Product")
    ENGINEERING = "engineering", _("Engineering")
    LEGAL = "legal", _("Legal")
    POLICY_EDITOR = "policy_editor", _("Policy editor")
    APPEALS_REVIEWER = "appeals_reviewer", _("Appeals reviewer")
    MEMBER = "member", _("Committee member")
    CHAIR = "chair", _("Committee chair")
    CUSTODIAN = "custodian", _("Evidence custodian")
    SYSTEM_OWNER = "system_owner", _("System owner")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


_SEE_CASES = {P.REPORT_VIEW, P.CASE_VIEW, P.SUBJECT_VIEW, P.EVIDENCE_READ, P.FILE_READ}
_REVIEW = _SEE_CASES | {
    P.REPORT_TRIAGE,
    P.CASE_OPEN,
    P.CASE_CLAIM,
    P.CASE_INVESTIGATE,
    P.DECISION_PROPOSE,
    P.DECISION_ISSUE,  # only what the proposer may issue; the guard of `issue` says which
    P.SUBJECT_WRITE,
    P.FILE_SEAL,
    P.REPORT_FILE,
}
_ADJUDICATE = _SEE_CASES | {P.DECISION_ISSUE, P.DECISION_CONFIRM, P.SANCTION_IMPOSE, P.SANCTION_LIFT, P.REPORT_FILE}

BUNDLES: dict[str, frozenset[Permission]] = {
    Role.REVIEWER: frozenset(_REVIEW),
    Role.LEAD: frozenset(_REVIEW | {P.CASE_LEAD}),
    Role.ADJUDICATOR: frozenset(_ADJUDICATE),
    Role.SENIOR_ADJUDICATOR: frozenset(_ADJUDICATE),
    Role.HEAD_OF_ENFORCEMENT: frozenset(_ADJUDICATE | {P.CASE_LEAD}),
    Role.COUNSEL: frozenset(_SEE_CASES | {P.DECISION_CONFIRM, P.DECISION_ISSUE, P.SANCTION_IMPOSE, P.REPORT_FILE}),
    Role.COMPLIANCE: frozenset({P.POLICY_SIGN_COMPLIANCE, P.CASE_VIEW, P.HISTORY_VIEW, P.REPORT_FILE}),
    Role.PRODUCT: frozenset({P.POLICY_SIGN_PRODUCT, P.REPORT_FILE}),
    Role.ENGINEERING: frozenset({P.POLICY_SIGN_ENGINEERING, P.REPORT_FILE}),
    Role.LEGAL: frozenset({P.POLICY_SIGN_LEGAL, P.REPORT_FILE}),
    Role.POLICY_EDITOR: frozenset({P.POLICY_EDIT, P.POLICY_PUBLISH, P.REPORT_FILE}),
    Role.APPEALS_REVIEWER: frozenset(
        _SEE_CASES | {P.APPEAL_VIEW, P.APPEAL_DECIDE, P.SANCTION_IMPOSE, P.SANCTION_LIFT, P.REPORT_FILE}
    ),
    Role.MEMBER: frozenset({P.REPORT_FILE}),
    Role.CHAIR: frozenset({P.REPORT_FILE}),
    Role.CUSTODIAN: frozenset({P.REPORT_FILE, P.FILE_READ, P.FILE_UNSEAL}),
    Role.SYSTEM_OWNER: frozenset({P.REPORT_FILE}),
    Role.AUDITOR: frozenset({P.HISTORY_VIEW, P.HISTORY_EXPORT, P.CASE_VIEW, P.REPORT_VIEW, P.APPEAL_VIEW}),
    Role.ADMINISTRATOR: frozenset({P.PERSON_MANAGE, P.TOKEN_MANAGE}),
}

# What a machine may be given, and what the holder of a signed link may do in each scope.
TOKEN_SCOPES = frozenset({P.REPORT_FILE, P.REPORT_VIEW, P.SUBJECT_VIEW, P.SUBJECT_WRITE})
LINK_SCOPES: dict[str, frozenset[Permission]] = {
    "reporter": frozenset({P.REPORT_FILE, P.REPORT_WITHDRAW, P.APPEAL_LODGE, P.APPEAL_WITHDRAW, P.FILE_SEAL}),
    "subject": frozenset({P.APPEAL_LODGE, P.APPEAL_WITHDRAW, P.NOTICE_OPEN, P.FILE_SEAL}),
}


def permissions_of(roles: list[str]) -> frozenset[Permission]:
    """Everything that `roles` together allow; an unknown role allows nothing."""
    return frozenset().union(*(BUNDLES.get(role, frozenset()) for role in roles))


def roles_with(permission: Permission) -> list[str]:
    """The roles whose bundle holds `permission`, in their usual order."""
    return [role for role in Role.values if permission in BUNDLES[role]]
