"""Records in a state, reached by calling operations: what a test starts from."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile

from appeals.models import Appeal
from aup.models import Acknowledgement, Feedback, PolicyVersion, Rule
from cases.models import Case, Check, Claim, Conflict, Decision, Evidence, Finding, Report
from cases.models.check import open_points
from governance.intake import KEYS
from governance.models import AISystem, Ballot, Committee, Control, Membership, Waiver
from tipstaff.accounts.models import Subject, User
from tipstaff.notices import events
from tipstaff.notices.models import Endpoint
from tipstaff.time import now
from tipstaff.vault import storage
from tipstaff.vault.models import LegalHold, SealedFile
from tipstaff.workflow.actors import LinkHolder, System

SYSTEM = System("tests")
REASONS = (
    "On the third of the month your account scheduled four hundred posts through forty accounts without approval. "
    "The rule asks for approval first, and there was none."
)


def person(mailbox: str) -> User:
    return User.objects.get(email=f"{mailbox}@demo.example")


def rule(code: str = "SP-03") -> Rule:
    found = Rule.objects.cited(code, now())
    assert found is not None
    return found


def subject(external_id: str = "", **columns: Any) -> Subject:
    facts = {"external_id": external_id or f"acct_{uuid4().hex[:8]}", "contact": "holder@customer.example"}
    made = Subject(**(facts | columns))
    made.register(actor=SYSTEM)
    return made


def sealed(content: bytes = b"10:02 user: hello\n", name: str = "transcript.txt") -> SealedFile:
    return storage.receive(SimpleUploadedFile(name, content, "text/plain"), actor=SYSTEM)


def hold(on: Any, by: str = "custodian", **columns: Any) -> LegalHold:
    facts = {"on": on.reference, "reason": "A court asked.", "basis": "Order 12/26"}
    placed = LegalHold(**(facts | columns))
    placed.place(actor=person(by))
    return placed


def released(on: Any) -> LegalHold:
    """A hold that two people let go."""
    placed = hold(on)
    placed.ask_release(actor=person("custodian"), reason="The dispute is over.")
    placed.release(actor=person("counsel"))
    return placed


def report(**columns: Any) -> Report:
    """A received report. `code` on it is its receipt code. Who names a contact gets one that its reporter confirmed,
    unless `proven` says no.
    """
    files, proven = columns.pop("files", []), columns.pop("proven", bool(columns.get("contact")))
    facts = {
        "description": "Four hundred posts in one night.",
        "good_faith": True,
        "contact": "reporter@people.example",
    }
    made, code = Report.draw(str(uuid4()), **(facts | columns))
    made.file(actor=LinkHolder("reporter"), files=files)
    made.code = code  # type: ignore[attr-defined]
    if proven:
        made.prove(actor=LinkHolder("reporter", made.reference))
    return made


def acknowledgement(of: Subject | None = None, **columns: Any) -> Acknowledgement:
    """Of the version in force, by the provider's own pages."""
    version = PolicyVersion.objects.in_force(now())
    assert version is not None
    return Acknowledgement.given(version, of or subject(), actor=SYSTEM, means="api", **columns)[0]


def feedback(**columns: Any) -> Feedback:
    """On the version in force, from somebody who gave an address."""
    facts = {"kind": "ambiguity", "text": "Does a repost count?", "submission": uuid4(), "contact": "w@people.example"}
    given = Feedback(version=PolicyVersion.objects.in_force(now()), **(facts | columns))
    given.file(actor=LinkHolder("writer"))
    return given


def case(*, about: Subject | None = None, code: str = "SP-03", severity: int = 2, **columns: Any) -> Case:
    """An open case with one report."""
    return report(**columns).accept(
        actor=person("lead"), subject=about or subject(), rule=rule(code), severity=severity
    )


def system_case(
    *, of: AISystem | None = None, code: str = "MI-02", severity: int | None = None, **columns: Any
) -> Case:
    """An open case about what a system did by itself: `of`, or nobody knows which."""
    alleged = rule(code)
    return report(**columns).accept(
        actor=person("lead"), subject=None, system=of, rule=alleged, severity=severity or alleged.severity
    )


def conflict(of: Case, who: User, reason: str = "A friend of mine.") -> Conflict:
    """Declared by `who`, who is out of the case from then on."""
    declared = Conflict(case=Case.objects.get(pk=of.pk), person=who, reason=reason)
    declared.declare(actor=who)
    return declared


def claim(of: Case | None = None, by: str = "reviewer", **columns: Any) -> Claim:
    """An open claim of research, of the last three days."""
    today = now().date()
    facts = {
        "made_by": Claim.By.ACCOUNT_HOLDER, "scope": "How far one account can post.", "disclosed": "To us, on the day.",
        "began_on": today - timedelta(days=3), "ended_on": today,
    }  # fmt: skip
    entered = Claim(case=of or claimed(by), entered_by=person(by), **(facts | columns))
    entered.enter(actor=person(by))
    return entered


def claimed(by: str = "reviewer", **columns: Any) -> Case:
    opened = case(**columns)
    opened.claim(actor=person(by))
    return opened


def evidence(
    of: Case,
    by: str = "reviewer",
    content: bytes = b"10:02 user: hello\n",
    *,
    file: SealedFile | None = None,
    kind: str = "transcript",
) -> Evidence:
    added = Evidence(
        case=of, kind=kind, label="The night", source="log", file=file or sealed(content), added_by=person(by)
    )
    added.add(actor=person(by))
    return added


def finding(of: Case, by: str = "reviewer", **columns: Any) -> Finding:
    facts = {"facts": "Posts went out.", "conclusion": Finding.Conclusion.BREACH, "rule": of.rule}
    found = Finding(case=of, found_by=person(by), **(facts | columns))
    found.record(actor=person(by))
    return found


def checked(of: Case, by: str = "reviewer") -> None:
    """Answer what is open of its checklist, as whoever holds the case must before a restriction is proposed."""
    if of.claimant == person(by):
        for point in open_points(of):
            Check(case=of, point=point.key, answer=Check.Answer.YES, by=person(by)).tick(actor=person(by))


def draft(of: Case, by: str = "reviewer", **columns: Any) -> Decision:
    """An unsaved decision, a breach unless `outcome` says otherwise."""
    facts: dict[str, Any] = {"outcome": Decision.Outcome.BREACH, "rule": of.rule, "reasons": REASONS}
    if columns.get("outcome", "breach") == "breach":
        checked(of, by)
    facts["conduct_at"] = now() - timedelta(hours=1)
    if columns.get("outcome", "breach") == "breach":
        facts |= {"intent": "negligent", "sensitivity": "personal", "severity": of.severity}
        if of.rule.legal_referral == "mandatory":
            facts["legal_ground"] = "Criminal Code, section 184b"
    return Decision(case=of, proposed_by=person(by), **(facts | columns))


def proposed(by: str = "reviewer", *, case_columns: dict[str, Any] | None = None, **columns: Any) -> Decision:
    """By default T3 (negligent, personal, severity 2, first): adjudicators may issue it alone."""
    decision = draft(claimed(by, **(case_columns or {})), by, **columns)
    decision.propose(actor=person(by))
    return decision


def issued(by: str = "senior", **columns: Any) -> Decision:
    decision = proposed(**columns)
    if decision.needs_confirmer:
        decision.confirm(actor=person("adjudicator"))
    decision.issue(actor=person(by))
    return decision


def lodged(decision: Decision | None = None) -> Appeal:
    decision = decision or issued()
    appeal = Appeal(
        decision=decision, case=decision.case, ground=Appeal.Ground.CONTEXT, text="You missed the test board."
    )
    appeal.lodge(actor=LinkHolder("subject", decision.reference), files=[])
    return appeal


def taken_up(decision: Decision | None = None) -> Appeal:
    appeal = lodged(decision)
    appeal.take_up(actor=person("appeals"))
    return appeal


def ai_system(state: str = "approved", by: str = "owner", *, answered: bool = True, **columns: Any) -> AISystem:
    """A system of Leo Fontaine's, as far as `state`: proposed, in_review or approved (by compliance)."""
    facts: dict[str, Any] = {
        "name": f"Assistant {uuid4().hex[:6]}",
        "purpose": "Answers questions of customers about their own orders.",
        "modalities": ["text"],
        "channel": AISystem.Channel.INTERFACE,
        "geographies": ["*"],
        "risk_class": AISystem.Risk.LIMITED,
    }
    made = AISystem(owner=person(by), **(facts | columns))
    made.propose(actor=person(by))
    if answered:
        made.answer(actor=person(by), answers={key: f"What we know of {key}." for key in KEYS})
    if state in {"in_review", "approved"}:
        made.submit(actor=person(by))
    if state == "approved":
        made.approve(actor=person("compliance"))
    return made


def control(of: AISystem | None = None, *, verified: bool = False, **columns: Any) -> Control:
    """A technical control of `of` (or of a new system), recorded by its owner; engineering verified it, if asked."""
    facts: dict[str, Any] = {
        "name": "Posts per account and hour",
        "description": "The gateway counts posts and refuses what is over the limit.",
        "stage": Control.Stage.RUNTIME,
        "mode": Control.Mode.TECHNICAL,
        "rules": ["SP-03"],
        "evidence": "Load test of the gateway: the 61st post within an hour is refused.",
    }
    system = of or ai_system()
    made = Control(system=system, **(facts | columns))
    made.record(actor=system.owner)
    if verified:
        made.verify(actor=person("engineering"), finding="Repeated the test on the live gateway.")
    return made


def endpoint(url: str, description: str = "Gateway", types: list[str] | None = None) -> Endpoint:
    """A receiver of webhooks that takes every event unless `types` says less."""
    made = Endpoint(url=url, description=description, types=list(events.TYPES) if types is None else types)
    made.register(actor=person("admin"))
    return made


SEATS = [  # mailbox, function, works in the field, belongs to the provider
    ("chair", Membership.Function.ETHICS, False, True),
    ("member1", Membership.Function.ENGINEERING, True, True),
    ("member2", Membership.Function.LEGAL, False, True),
    ("member3", Membership.Function.SAFETY, True, True),
    ("member4", Membership.Function.EXTERNAL, False, False),
    ("member5", Membership.Function.EXTERNAL, True, False),
]
ARGUMENT = "The safeguards fit the risk, and the last day is near."


def committee(seats: Any = None, **columns: Any) -> Committee:
    """A constituted committee of six under the chair, or of `seats` as in SEATS."""
    facts = {"name": f"Ethics committee {uuid4().hex[:4]}", "remit": "Decides about waivers."}
    made = Committee(**(facts | columns))
    made.establish(actor=person("compliance"))
    for mailbox, function, in_field, affiliated in SEATS if seats is None else seats:
        seat = Membership(
            committee=made, person=person(mailbox), function=function, in_field=in_field, affiliated=affiliated
        )
        seat.seat(actor=person("compliance"))
    return made


def request_of_waiver(**columns: Any) -> dict[str, Any]:
    """What somebody asks for; by default permission for a restricted use of SP-03 for 120 days from today."""
    today = now().date()
    return {
        "kind": Waiver.Kind.PERMISSION,
        "topic": "Scheduled posts for a public transport operator",
        "applicant_name": "Nadia Ferreira, Metro Lines",
        "contact": "nadia@metro.example",
        "conduct": "Up to two hundred posts a day about delays, each from an approved template.",
        "purpose": "Passengers learn of delays in time.",
        "data_involved": "Timetables only, no personal data.",
        "safeguards": "A person starts each series, and one press ends it.",
        "jurisdictions": "Portugal",
        "starts_on": today,
        "ends_on": today + timedelta(days=120),
    } | columns


def waiver(
    state: str = "granted",
    *,
    codes: tuple[str, ...] = ("SP-03",),
    about: Subject | None = None,
    by: str = "",
    risk: str = "low",
    of: Committee | None = None,
    until: date | None = None,
    **columns: Any,
) -> Waiver:
    """A waiver in `state` (also "voting": a ballot is open), decided by `of` or a new committee; screened by
    compliance. `by` is the mailbox of the member of staff who asked; otherwise an outsider did, by the public form.
    """
    actor: Any = person(by) if by else LinkHolder("applicant")
    facts = request_of_waiver(**columns)
    if by:
        facts |= {"requested_by": person(by)}
    made = Waiver(accounts="the account named below", **facts)
    made.draft(actor=actor, rules=[rule(code) for code in codes], beneficiaries=[])
    screener = person("compliance")
    applicant: Any = actor if by else LinkHolder("applicant", made.reference)

    def vote(choice: str) -> None:
        ballot = balloted(made, of, until=until)
        for seat, part in ballot.electorate():
            if part is None:
                ballot.vote(actor=seat.person, choice=choice, reasons=ARGUMENT)
        getattr(made, choice)(actor=person("chair"), reasons=ARGUMENT)

    def confirm() -> None:
        made.confirm_facts(actor=screener, beneficiaries=[about or subject()], risk=risk, conflicts="None known.")

    steps: dict[str, list[Any]] = {
        "draft": [],
        "submitted": [lambda: made.submit(actor=actor, files=[])],
        "screening": [lambda: made.screen(actor=screener)],
        "under_review": [confirm, lambda: made.put_to_committee(actor=screener)],
    }
    ends: dict[str, list[Any]] = {
        "changes_requested": [lambda: made.request_changes(actor=screener, changes="Name the templates.")],
        "voting": [lambda: balloted(made, of, until=until)],
        "granted": [lambda: vote("grant")],
        "refused": [lambda: vote("refuse")],
        "suspended": [lambda: vote("grant"), lambda: made.suspend(actor=person("chair"), reasons="Too many posts.")],
        "revoked": [lambda: vote("grant"), lambda: made.revoke(actor=person("chair"), reasons="Templates dropped.")],
        "withdrawn": [lambda: made.withdraw(actor=applicant)],
    }
    order = list(steps)
    before = order[: order.index(state) + 1] if state in steps else order
    for step in [*(step for name in before for step in steps[name]), *ends.get(state, [])]:
        step()
    return made


def balloted(of_waiver: Waiver, of: Committee | None = None, **columns: Any) -> Ballot:
    """An open ballot on a waiver under review, for three days, on one condition and to the end asked for."""
    facts: dict[str, Any] = {
        "conditions": ["A monthly count of the posts is sent to us."],
        "until": columns.pop("until", None) or of_waiver.ends_on,
        "closes_at": now() + timedelta(days=3),
    }
    ballot = Ballot.on(of_waiver, committee=of or committee(), opened_by=person("chair"), **(facts | columns))
    ballot.open(actor=person("chair"))
    return ballot
