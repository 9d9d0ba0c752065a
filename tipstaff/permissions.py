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
    REPORT_PROVE = "report:prove"
    CONSENT_ASK = "consent:ask"
    CONSENT_GIVE = "consent:give"
    SURVEY_ANSWER = "survey:answer"
    FLAGGER_GRANT = "flagger:grant"
    PATHWAY_SET = "pathway:set"
    CASE_VIEW = "case:view"
    CASE_OPEN = "case:open"
    CASE_CLAIM = "case:claim"
    CASE_INVESTIGATE = "case:investigate"
    CASE_LEAD = "case:lead"
    EVIDENCE_READ = "evidence:read"
    HEARING_ANSWER = "hearing:answer"
    NOTE_WRITE = "note:write"
    CONFLICT_DECLARE = "conflict:declare"
    DECISION_PROPOSE = "decision:propose"
    DECISION_CONFIRM = "decision:confirm"
    DECISION_ISSUE = "decision:issue"
    SANCTION_IMPOSE = "sanction:impose"
    SANCTION_LIFT = "sanction:lift"
    SANCTION_ACKNOWLEDGE = "sanction:acknowledge"
    INTERIM_ANSWER = "interim:answer"
    INTERIM_SECOND = "interim:second"
    REMEDIATION_OFFER = "remediation:offer"
    REMEDIATION_TAKE = "remediation:take"
    REMEDIATION_ASSESS = "remediation:assess"
    REFERRAL_MAKE = "referral:make"
    NOTICE_WITHHOLD = "notice:withhold"
    APPEAL_LODGE = "appeal:lodge"
    APPEAL_VIEW = "appeal:view"
    APPEAL_DECIDE = "appeal:decide"
    APPEAL_WITHDRAW = "appeal:withdraw"
    SUBJECT_VIEW = "subject:view"
    SUBJECT_WRITE = "subject:write"
    POLICY_EDIT = "policy:edit"
    POLICY_TRANSLATE = "policy:translate"
    POLICY_SIGN_PRODUCT = "policy:sign_product"
    POLICY_SIGN_ENGINEERING = "policy:sign_engineering"
    POLICY_SIGN_LEGAL = "policy:sign_legal"
    POLICY_SIGN_COMPLIANCE = "policy:sign_compliance"
    POLICY_PUBLISH = "policy:publish"
    ACKNOWLEDGEMENT_GIVE = "acknowledgement:give"
    ACKNOWLEDGEMENT_VIEW = "acknowledgement:view"
    FEEDBACK_FILE = "feedback:file"
    FEEDBACK_ANSWER = "feedback:answer"
    SYSTEM_VIEW = "system:view"
    SYSTEM_EDIT = "system:edit"
    SYSTEM_REVIEW = "system:review"
    CONTROL_VERIFY = "control:verify"
    COMMITTEE_VIEW = "committee:view"
    COMMITTEE_CONSTITUTE = "committee:constitute"
    BALLOT_OPEN = "ballot:open"
    BALLOT_CAST = "ballot:cast"
    WAIVER_REQUEST = "waiver:request"
    WAIVER_WITHDRAW = "waiver:withdraw"
    WAIVER_VIEW = "waiver:view"
    WAIVER_SCREEN = "waiver:screen"
    WAIVER_SUSPEND = "waiver:suspend"
    WAIVER_REVOKE = "waiver:revoke"
    CLOCK_RUN = "clock:run"
    CLOCK_EXPLAIN = "clock:explain"
    CLOCK_BOARD = "clock:board"
    CLOCK_SET = "clock:set"
    NOTICE_SEND = "notice:send"
    NOTICE_OPEN = "notice:open"
    HISTORY_VIEW = "history:view"
    HISTORY_EXPORT = "history:export"
    PERSON_MANAGE = "person:manage"
    WEBHOOK_MANAGE = "webhook:manage"
    TOKEN_MANAGE = "token:manage"  # noqa: S105  a permission's name, not a secret
    FILE_SEAL = "file:seal"
    FILE_SEND = "file:send"
    FILE_READ = "file:read"
    FILE_REDACT = "file:redact"
    FILE_UNSEAL = "file:unseal"
    FILE_RETAIN = "file:retain"
    FILE_DISPOSE = "file:dispose"
    HOLD_PLACE = "hold:place"
    HOLD_RELEASE = "hold:release"
    CUSTODY_VIEW = "custody:view"
    JOB_VIEW = "job:view"
    JOB_MANAGE = "job:manage"


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


_SEE_CASES = {P.REPORT_VIEW, P.CASE_VIEW, P.SUBJECT_VIEW, P.EVIDENCE_READ, P.FILE_READ, P.WAIVER_VIEW, P.SYSTEM_VIEW}
_SEE_GOVERNANCE = {P.SYSTEM_VIEW, P.COMMITTEE_VIEW, P.WAIVER_VIEW}
_ASK = {P.WAIVER_REQUEST, P.WAIVER_WITHDRAW, P.FILE_SEAL}
_SIT = _SEE_GOVERNANCE | {P.BALLOT_CAST, P.FILE_READ, P.REPORT_FILE}
_REVIEW = _SEE_CASES | {
    P.REPORT_TRIAGE,
    P.CASE_OPEN,
    P.CASE_CLAIM,
    P.CASE_INVESTIGATE,
    P.DECISION_PROPOSE,
    P.INTERIM_ANSWER,
    P.DECISION_ISSUE,  # only what the proposer may issue; the guard of `issue` says which
    P.SUBJECT_WRITE,
    P.FILE_SEAL,
    P.FILE_REDACT,
    P.REPORT_FILE,
    P.CLOCK_EXPLAIN,
    P.NOTE_WRITE,
    P.CONFLICT_DECLARE,
    P.CONSENT_ASK,
}
_WATCH = {P.CLOCK_BOARD, P.CLOCK_EXPLAIN}
_KEEP = {P.FILE_REDACT, P.CUSTODY_VIEW, P.HOLD_PLACE, P.HOLD_RELEASE, P.FILE_RETAIN, P.FILE_DISPOSE, P.FILE_UNSEAL}
_ADJUDICATE = _SEE_CASES | {P.DECISION_ISSUE, P.DECISION_CONFIRM, P.SANCTION_IMPOSE, P.SANCTION_LIFT, P.REPORT_FILE}
_ADJUDICATE |= {P.CLOCK_EXPLAIN, P.INTERIM_ANSWER, P.INTERIM_SECOND, P.NOTE_WRITE, P.CONFLICT_DECLARE}
_ADJUDICATE |= {P.REMEDIATION_OFFER, P.REMEDIATION_ASSESS}

BUNDLES: dict[str, frozenset[Permission]] = {
    Role.REVIEWER: frozenset(_REVIEW),
    Role.LEAD: frozenset(_REVIEW | _WATCH | {P.CASE_LEAD, P.JOB_VIEW, P.FLAGGER_GRANT}),
    Role.ADJUDICATOR: frozenset(_ADJUDICATE),
    Role.SENIOR_ADJUDICATOR: frozenset(_ADJUDICATE),
    Role.HEAD_OF_ENFORCEMENT: frozenset(
        _ADJUDICATE
        | _WATCH
        | {P.CASE_LEAD, P.JOB_VIEW, P.REFERRAL_MAKE, P.NOTICE_WITHHOLD}
        | {P.PATHWAY_SET, P.CONSENT_ASK}
    ),
    Role.COUNSEL: frozenset(
        _SEE_CASES
        | _KEEP
        | {P.DECISION_CONFIRM, P.DECISION_ISSUE, P.SANCTION_IMPOSE, P.REPORT_FILE}
        | {P.INTERIM_SECOND, P.REFERRAL_MAKE, P.NOTICE_WITHHOLD, P.CONSENT_ASK, P.NOTE_WRITE, P.CONFLICT_DECLARE}
    ),
    Role.COMPLIANCE: frozenset(
        _SEE_GOVERNANCE
        | {P.POLICY_SIGN_COMPLIANCE, P.CASE_VIEW, P.HISTORY_VIEW, P.REPORT_FILE, P.FILE_READ}
        | {P.CUSTODY_VIEW, P.HOLD_PLACE, P.HOLD_RELEASE, P.FILE_DISPOSE}
        | {P.WAIVER_SCREEN, P.WAIVER_SUSPEND, P.COMMITTEE_CONSTITUTE, P.SYSTEM_REVIEW, P.CONTROL_VERIFY}
        | {P.ACKNOWLEDGEMENT_VIEW, P.FLAGGER_GRANT, P.PATHWAY_SET}
        | _WATCH
    ),
    Role.PRODUCT: frozenset(_SEE_GOVERNANCE | _ASK | {P.POLICY_SIGN_PRODUCT, P.REPORT_FILE, P.ACKNOWLEDGEMENT_VIEW}),
    Role.ENGINEERING: frozenset(_SEE_GOVERNANCE | _ASK | {P.POLICY_SIGN_ENGINEERING, P.CONTROL_VERIFY, P.REPORT_FILE}),
    Role.LEGAL: frozenset(_SEE_GOVERNANCE | {P.POLICY_SIGN_LEGAL, P.REPORT_FILE, P.ACKNOWLEDGEMENT_VIEW}),
    Role.POLICY_EDITOR: frozenset(
        {P.POLICY_EDIT, P.POLICY_TRANSLATE, P.POLICY_PUBLISH, P.FEEDBACK_ANSWER, P.SYSTEM_VIEW, P.REPORT_FILE}
        | {P.ACKNOWLEDGEMENT_VIEW, P.CLOCK_EXPLAIN}
    ),
    Role.APPEALS_REVIEWER: frozenset(
        _SEE_CASES
        | {P.APPEAL_VIEW, P.APPEAL_DECIDE, P.SANCTION_IMPOSE, P.SANCTION_LIFT, P.REPORT_FILE}
        | {P.CLOCK_EXPLAIN, P.NOTE_WRITE, P.CONFLICT_DECLARE, P.REMEDIATION_ASSESS}
    ),
    Role.MEMBER: frozenset(_SIT),
    Role.CHAIR: frozenset(_SIT | {P.BALLOT_OPEN, P.WAIVER_SUSPEND, P.WAIVER_REVOKE} | _WATCH),
    Role.CUSTODIAN: frozenset(_KEEP | {P.REPORT_FILE, P.FILE_READ, P.REFERRAL_MAKE}),
    Role.SYSTEM_OWNER: frozenset(_SEE_GOVERNANCE | _ASK | {P.SYSTEM_EDIT, P.REPORT_FILE}),
    Role.AUDITOR: frozenset(
        _SEE_GOVERNANCE
        | {P.CUSTODY_VIEW, P.HISTORY_VIEW, P.HISTORY_EXPORT, P.CASE_VIEW, P.REPORT_VIEW, P.APPEAL_VIEW}
        | {P.ACKNOWLEDGEMENT_VIEW, P.CLOCK_BOARD}
    ),
    Role.ADMINISTRATOR: frozenset(
        {P.PERSON_MANAGE, P.TOKEN_MANAGE, P.WEBHOOK_MANAGE, P.CLOCK_SET, P.CLOCK_BOARD, P.JOB_VIEW, P.JOB_MANAGE}
    ),
}
_EVERYBODY = {P.ACKNOWLEDGEMENT_GIVE, P.FEEDBACK_FILE}
BUNDLES = {role: bundle | _EVERYBODY for role, bundle in BUNDLES.items()}

# What a machine may be given, and what the holder of a signed link may do in each scope.
TOKEN_SCOPES = frozenset(
    {
        P.FILE_SEND,
        P.REPORT_FILE, P.REPORT_VIEW, P.REPORT_WITHDRAW, P.SUBJECT_VIEW, P.SUBJECT_WRITE, P.CASE_VIEW,
        P.SANCTION_ACKNOWLEDGE, P.APPEAL_VIEW, P.WAIVER_REQUEST, P.WAIVER_WITHDRAW, P.WAIVER_VIEW, P.SYSTEM_VIEW,
        P.ACKNOWLEDGEMENT_GIVE, P.ACKNOWLEDGEMENT_VIEW,
        P.FEEDBACK_FILE,
    }
)  # fmt: skip
# The same for people: what an administrator reads beside each scope.
SCOPE_WORDS = {
    P.REPORT_FILE: _("File reports"),
    P.REPORT_VIEW: _("See how its own reports stand"),
    P.REPORT_WITHDRAW: _("Withdraw its own reports, and answer questions about them"),
    P.SUBJECT_VIEW: _("Read one account at a time, with name and contact"),
    P.SUBJECT_WRITE: _("Add accounts, and replace what is known of them"),
    P.CASE_VIEW: _("Read cases, issued decisions and measures, without texts and names"),
    P.SANCTION_ACKNOWLEDGE: _("Read measures, and say that one was applied, ended, or failed"),
    P.APPEAL_VIEW: _("Read where appeals stand, without texts and names"),
    P.WAIVER_VIEW: _("Read waivers and permissions, without texts and names"),
    P.WAIVER_REQUEST: _("Request waivers and permissions, and see how its own requests stand"),
    P.WAIVER_WITHDRAW: _("Withdraw its own requests"),
    P.SYSTEM_VIEW: _("Read AI systems and their controls"),
    P.FILE_SEND: _("Send files for its own reports and requests"),
    P.ACKNOWLEDGEMENT_GIVE: _("Say that an account read the policy, and make the link on which it says so itself"),
    P.ACKNOWLEDGEMENT_VIEW: _("Read which accounts acknowledged which version of the policy"),
    P.FEEDBACK_FILE: _("Give feedback on the policy, and read the answers to its own"),
}
LINK_SCOPES: dict[str, frozenset[Permission]] = {
    "reporter": frozenset(
        {P.REPORT_FILE, P.REPORT_WITHDRAW, P.APPEAL_LODGE, P.APPEAL_WITHDRAW, P.FILE_SEAL}
        | {P.REPORT_PROVE, P.CONSENT_GIVE, P.SURVEY_ANSWER}
    ),
    "writer": frozenset({P.FEEDBACK_FILE}),
    "applicant": frozenset({P.WAIVER_REQUEST, P.WAIVER_WITHDRAW, P.FILE_SEAL}),
    "subject": frozenset(
        {P.ACKNOWLEDGEMENT_GIVE, P.APPEAL_LODGE, P.APPEAL_WITHDRAW, P.NOTICE_OPEN, P.FILE_SEAL, P.HEARING_ANSWER}
        | {P.REMEDIATION_TAKE, P.SURVEY_ANSWER}
    ),
}


def permissions_of(roles: list[str]) -> frozenset[Permission]:
    """Everything that `roles` together allow; an unknown role allows nothing."""
    return frozenset().union(*(BUNDLES.get(role, frozenset()) for role in roles))


def roles_with(permission: Permission) -> list[str]:
    """The roles whose bundle holds `permission`, in their usual order."""
    return [role for role in Role.values if permission in BUNDLES[role]]
