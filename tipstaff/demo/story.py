"""The demo's story, told by calling operations under a clock moved into the past. Deterministic, relative to now."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from appeals.models import Appeal
from aup.loading import draft_default, publish_default
from aup.models import PolicyVersion, Rule
from cases.models import Case, Decision, Evidence, Finding, Report
from tipstaff.accounts.models import Subject, User
from tipstaff.demo import scenes
from tipstaff.demo.people import PASSWORD, PEOPLE
from tipstaff.time import moved_to, now
from tipstaff.vault import storage
from tipstaff.workflow.actors import LinkHolder, System

DEMO = System("demo")
POLICY_AGE = timedelta(days=420)


def tell() -> str:
    """Make what is missing and say what was done. Safe to run again: a story that was told is left as it is."""
    people = enrol()
    if not PolicyVersion.objects.filter(state="published").exists():
        publish(people)
    if Report.objects.exists():
        return f"{len(people)} people; the story was told already."
    with transaction.atomic():  # all of it or nothing: a start that was cut short tells it again
        return _tell_scenes(people)


def _tell_scenes(people: dict[str, User]) -> str:
    began = now()
    subjects = _subjects()
    for scene in sorted(scenes.SCENES, key=lambda scene: -scene.days_ago):
        Teller(scene, people, subjects, began).tell()
    return f"{len(people)} people, {Report.objects.count()} reports, {Case.objects.count()} cases."


def enrol() -> dict[str, User]:
    """The people of the demo by mailbox name, enrolled if they are not."""
    known = {user.email: user for user in User.objects.all()}
    password = make_password(PASSWORD)  # hashed once: it is the same for all of them, and known to everybody
    for person in PEOPLE:
        if person.email not in known:
            user = User(email=person.email, name=person.name, roles=[person.role])
            user.password = password
            user.enrol(actor=DEMO)
            known[person.email] = user
    return {person.mailbox: known[person.email] for person in PEOPLE}


def publish(people: dict[str, User]) -> None:
    """The default policy, signed off by four people and in force for more than a year."""
    with moved_to(now() - POLICY_AGE):
        version = draft_default(DEMO)
        signers = {name: people[name] for name in ("product", "engineering", "legal", "compliance")}
        publish_default(version, people["policy"], signers, effective_from=now())


def _subjects() -> dict[str, Subject]:
    made: dict[str, Subject] = {}
    for external_id, kind, name, parent in scenes.SUBJECTS:
        subject = Subject(
            external_id=external_id,
            kind=kind,
            name=name,
            parent=made.get(parent),
            contact=f"{external_id.replace('_', '.')}@customer.example",
        )
        subject.register(actor=DEMO)
        made[external_id] = subject
    return made


class Teller:
    """Tells one scene: each act a while after the one before, and none after the present."""

    def __init__(
        self, scene: scenes.Scene, people: dict[str, User], subjects: dict[str, Subject], began: datetime
    ) -> None:
        self.scene, self.people, self.subjects = scene, people, subjects
        self.latest = began - timedelta(minutes=1)
        self.at = began - timedelta(days=scene.days_ago)

    def tell(self) -> None:
        reports = [self._after(0.2, self._file, text) for text in self.scene.reports]
        if self.scene.ends == "received":
            return
        if self.scene.ends in {"asked", "declined"}:
            self._after(2, getattr(self, f"_{self.scene.ends}"), reports[0])
            return
        case = [self._after(1.5, self._accept, report) for report in reports][-1]
        if self.scene.ends == "open":
            return
        self._after(3, case.claim, actor=self._person(self.scene.investigator))
        self._after(0.1, self._add_evidence, case)
        if self.scene.ends == "investigating":
            return
        self._after(0.1, self._record_finding, case)
        decision = self._after(0.1, self._propose, case)
        if self.scene.ends == "proposed":
            return
        if decision.needs_confirmer:
            self._after(2, decision.confirm, actor=self._person(self.scene.confirmer))
        if self.scene.ends == "confirmed":
            return
        self._after(2, decision.issue, actor=self._person(self.scene.issuer))
        if self.scene.appeal:
            self._appeal(decision)

    def _after(self, hours: float, act: Any, *arguments: Any, **facts: Any) -> Any:
        self.at = min(self.at + timedelta(hours=hours), self.latest)
        with moved_to(self.at):
            return act(*arguments, **facts)

    def _person(self, mailbox: str) -> User:
        return self.people[mailbox]

    def _rule(self) -> Rule:
        return Rule.objects.in_force(now()).get(code=self.scene.rule)

    def _file(self, text: str) -> Report:
        report, _code = Report.draw(
            f"{self.scene.subject}:{self.scene.days_ago}:{text[:40]}",
            rule=self._rule(),
            description=text,
            happened_on=(now() - timedelta(days=1)).date(),
            account=self.scene.subject,
            contact=self.scene.contact,
            good_faith=True,
            received_at=now(),
        )
        report.file(actor=LinkHolder("reporter"), files=[])
        return report

    def _asked(self, report: Report) -> None:
        report.ask(actor=self._person("reviewer"), question=self.scene.reasons)

    def _declined(self, report: Report) -> None:
        report.decline(actor=self._person("reviewer2"), reason="not_a_breach", note=self.scene.reasons)

    def _accept(self, report: Report) -> Case:
        return report.accept(
            actor=self._person("lead"),
            subject=self.subjects[self.scene.subject],
            rule=self._rule(),
            severity=self.scene.severity,
        )

    def _add_evidence(self, case: Case) -> None:
        upload = SimpleUploadedFile("transcript.txt", self.scene.transcript.encode(), "text/plain")
        investigator = self._person(self.scene.investigator)
        sealed = storage.receive(upload, actor=investigator)
        Evidence(
            case=case,
            kind=Evidence.Kind.TRANSCRIPT,
            label="The conversation that was reported",
            source="Export of the provider's request log",
            file=sealed,
            added_by=investigator,
            added_at=now(),
        ).add(actor=investigator)

    def _record_finding(self, case: Case) -> None:
        investigator = self._person(self.scene.investigator)
        broke = self.scene.outcome == Decision.Outcome.BREACH
        Finding(
            case=case,
            rule=self._rule(),
            facts=self.scene.finding,
            conclusion=Finding.Conclusion.BREACH if broke else Finding.Conclusion.NO_BREACH,
            exhibits=[1],
            found_by=investigator,
            found_at=now(),
        ).record(actor=investigator)

    def _propose(self, case: Case) -> Decision:
        grading: dict[str, Any] = {}
        if self.scene.outcome == Decision.Outcome.BREACH:
            grading = {
                "intent": self.scene.intent,
                "sensitivity": self.scene.sensitivity,
                "severity": self.scene.severity,
            }
        investigator = self._person(self.scene.investigator)
        decision = Decision(
            case=case,
            outcome=self.scene.outcome,
            rule=self._rule(),
            conduct_at=min(report.conduct_at for report in case.reports.all()),
            reasons=self.scene.reasons,
            proposed_by=investigator,
            proposed_at=now(),
            **grading,
        )
        decision.propose(actor=investigator)
        return decision

    def _appeal(self, decision: Decision) -> None:
        decision.refresh_from_db()
        appeal = Appeal(
            decision=decision, case=decision.case, ground=Appeal.Ground.CONTEXT, text=self.scene.appeal, language="en"
        )
        appeal.lodged_at = min(self.at + timedelta(hours=30), self.latest)
        self._after(30, appeal.lodge, actor=LinkHolder("subject", decision.reference), files=[])
        if self.scene.ends == "appealed":
            return
        self._after(20, appeal.take_up, actor=self._person("appeals"))
        if self.scene.ends in {"upheld", "reversed"}:
            act = appeal.uphold if self.scene.ends == "upheld" else appeal.reverse
            self._after(6, act, actor=self._person("appeals"), reasons=self.scene.appeal_reasons)
