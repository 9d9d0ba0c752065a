"""One case from its first report to where it stands now: triage, investigation, decision, appeal and what follows."""

from datetime import datetime, timedelta
from typing import Any

from cases.models import Case, Decision, Evidence, Finding, Report, care
from cases.models.answering import CONTESTABLE, OF_DECISION
from cases.models.approval import ISSUERS, warning_missing
from cases.models.measured import WHOLE
from tipstaff.accounts.models import Subject, User
from tipstaff.demo.story import appeals, beside, claims, effects, files, hearings, interim, remedies, verdicts
from tipstaff.demo.story.plans import Plan
from tipstaff.demo.story.prose import Words, drawing, phrases
from tipstaff.demo.story.reports import Reporters, settle, told, triager
from tipstaff.demo.story.stage import Course, Stage
from tipstaff.permissions import Role
from tipstaff.sla.clocks import usual_length
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.vault import derive, storage
from tipstaff.workflow.refused import Refused

BREACH = Decision.Outcome.BREACH
CONCLUSIONS = {
    BREACH: Finding.Conclusion.BREACH,
    Decision.Outcome.CORRECTED: Finding.Conclusion.BREACH,
    Decision.Outcome.INSUFFICIENT_EVIDENCE: Finding.Conclusion.UNCLEAR,
    Decision.Outcome.REFERRED: Finding.Conclusion.UNCLEAR,
}
# Who issues, and who confirms before: by the approver of the tier.
MAILBOXES = {
    Role.ADJUDICATOR: "adjudicator",
    Role.SENIOR_ADJUDICATOR: "senior",
    Role.HEAD_OF_ENFORCEMENT: "head",
}
MONTH = timedelta(days=30)
MAY_GO_ON = {outcome for outcome, told in OF_DECISION.items() if told in CONTESTABLE}  # reporters can contest these


class CaseTeller:
    """Tells one plan. Its acts stand in the order of `told`; each `yield` waits until the next one's time."""

    def __init__(self, stage: Stage, reporters: Reporters, plan: Plan, cases: dict[str, Case]) -> None:
        self.stage, self.reporters, self.plan, self.cases = stage, reporters, plan, cases
        self.rng = drawing(plan.key)
        self.words = Words(self.rng)
        self.begins = stage.days_ago(plan.days_ago)
        self.investigator = stage.people[self.rng.choice(("reviewer", "reviewer2"))]
        self.subject = stage.subjects[plan.account]
        self.filed: list[Report] = []
        self.case: Case

    # --- times ---
    def at(self, share: float) -> datetime:
        """When this share of the time from the first report to the decision has passed, by day if it can wait."""
        target = usual_length(Clock.Kind.DECISION, self.plan.severity)
        at = self.begins + target * self.plan.pace * share
        return at if self.plan.severity == 4 else settle(at, self.stage.began)

    # --- the course ---
    def told(self) -> Course:
        yield from self._reported()
        self.cases[self.plan.key] = self.case
        yield from interim.referred(self)
        yield from interim.answered(self)
        if self.plan.ends == "open":
            return
        if self.plan.ends == "merged":
            yield self.at(0.75)
            self.case.merge(actor=self._person("lead"), into=self.cases[self.plan.into], reason=self._merge_reason())
            return
        yield from self._investigated()
        if self.plan.ends in ("investigating", "claimed", "awaiting"):
            return
        decision = yield from self._decided()
        if decision is not None:
            yield from self._followed(decision)

    def _person(self, mailbox: str) -> User:
        return self.stage.people[mailbox]

    def _merge_reason(self) -> str:
        return "The reports name the wrong account: the texts came from the other one in the tree."

    # --- reports and triage ---
    def _reported(self) -> Course:
        """The first report opens the case; the others come before it is decided and join it."""
        rest = sorted(self.rng.uniform(0.02, 0.5) for _report in range(self.plan.reports - 1))
        yield self.begins
        self._file(0)
        rule = self.stage.rule(self.plan.matter.rule)
        share = self.rng.uniform(1.05, 1.5) if self.rng.random() < 0.03 else self.rng.uniform(0.03, 0.45)
        accept_at = self.begins + usual_length(Clock.Kind.TRIAGE, rule.severity) * share
        accept_at = (
            min(accept_at, self.at(0.3)) if self.plan.ends != "decided" or self.plan.severity == 4 else accept_at
        )
        waiting = [self.at(part) for part in rest]
        for place, filed_at in enumerate(waiting, 1):
            if accept_at is not None and filed_at > accept_at:
                yield accept_at
                self._accept()
                accept_at = None  # type: ignore[assignment]
            yield filed_at
            self._file(place)
        yield accept_at or (now() + usual_length(Clock.Kind.TRIAGE, rule.severity) * self.rng.uniform(0.03, 0.4))
        self._accept()

    def _file(self, place: int) -> None:
        text, language = told(self.plan.matter, self.words, self.rng, place)
        named = self.rng.random()
        report = self.reporters.file(
            f"{self.plan.key}:{place}",
            self.rng,
            text,
            language=language,
            rule=self.stage.rule(self.plan.matter.rule) if named < 0.8 else None,
            account=self.plan.account if named < 0.5 else self.subject.name,
        )
        self.filed.append(report)

    def _accept(self) -> None:
        """Somebody at triage takes what has come so far."""
        actor = triager(self.stage, self.rng)
        waiting, self.filed = self.filed, []
        for report in waiting:
            rule = self.stage.rule(self.plan.matter.rule, report.conduct_at)
            severity = max(rule.severity - 1, min(rule.severity + 1, self.plan.severity))
            self.case = report.accept(actor=actor, subject=self.subject, rule=rule, severity=severity)
            self.case.subject = self.subject
            if self.case.rule_id == rule.pk:
                self.case.rule = rule

    # --- investigation ---
    def _investigated(self) -> Course:
        """Claim, evidence and a finding, in one go or with a wait for an answer in between."""
        yield max(self.at(0.55), now() + timedelta(minutes=3))
        if self.plan.ends == "claimed":
            yield self.stage.latest - timedelta(minutes=self.rng.uniform(2, 20))
        self._taken_up()
        if self.plan.ends == "investigating" and self.rng.random() < 0.4 and not self.plan.extra:
            yield now() + timedelta(minutes=7)
            self.case.release(actor=self.investigator)
            return
        yield now() + timedelta(minutes=4)
        self._add_evidence()
        beside.noted(self)
        if self.plan.ends == "awaiting":
            yield from claims.claimed(self)
        if self.plan.ends == "awaiting" or self.plan.extra == "awaited":
            yield from self._awaited()
        if self.plan.ends in ("awaiting", "claimed"):
            return
        yield from claims.claimed(self)
        yield now() + timedelta(minutes=7)
        self._record_finding()
        if self.plan.ends == "investigating" and self.plan.extra:
            yield now() + timedelta(minutes=8)
            yield from self._given_back(self._propose())

    def _taken_up(self) -> None:
        """Claimed, now and then after a colleague skipped the case or claimed it and passed it on."""
        chance = drawing(f"{self.plan.key} taken up").random()
        other = self._person("reviewer2" if self.investigator == self._person("reviewer") else "reviewer")
        if chance < 0.1:
            skip = phrases()["skips"][int(chance * 1000) % len(phrases()["skips"])]
            self.case.skip(actor=other, **skip)
        elif chance < 0.13:
            beside.out_of_it(self, other)
        elif 0.88 < chance <= 0.92:
            self.case.claim(actor=other)
            said, lead = phrases()["escalated"][int(chance * 1000) % len(phrases()["escalated"])], self._person("lead")
            self.case.escalate(actor=other, to=lead, reason=said["reason"], note=said["note"])
            self.case.pass_on(actor=lead, to=self.investigator, note=said["answer"])
            return
        elif chance > 0.92:
            self.case.claim(actor=other)
            note = phrases()["passed_on"][int(chance * 1000) % len(phrases()["passed_on"])]
            self.case.pass_on(actor=other, to=self.investigator, note=note)
            return
        self.case.claim(actor=self.investigator)

    def _awaited(self) -> Course:
        """A question to somebody, for which the clock stands still."""
        yield now() + timedelta(minutes=6)
        if hearings.is_heard(self):
            yield from hearings.heard(self)
            return
        awaiting = self.rng.choice(Case.Awaiting.values)
        question = self.words.into(self.rng.choice(phrases()["asked_outside"]))
        self.case.await_information(actor=self.investigator, awaiting=awaiting, question=question)
        if self.plan.ends == "awaiting":
            return
        yield now() + timedelta(hours=self.rng.uniform(20, 70))
        self.case.resume(actor=self.investigator, answer=self.words.into(self.rng.choice(phrases()["came_back"])))

    def _add_evidence(self) -> None:
        most = self.rng.choice((1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3))
        at = self.begins - timedelta(hours=3)
        for exhibit in files.exhibits(self.plan.matter, self.words, self.rng, at, most):
            Evidence(
                case=self.case,
                kind=exhibit.kind,
                label=exhibit.label,
                source=exhibit.source,
                file=storage.receive(exhibit.upload, actor=self.investigator),
                added_by=self.investigator,
                added_at=now(),
            ).add(actor=self.investigator)

    def _cited(self) -> list[str]:
        """The first turns of the conversation, in one case in twelve and where somebody else decides now; reading it
        takes a fifth of a second.
        """
        often = drawing(f"{self.plan.key} cited").random() < 1 / 12 or self.plan.ends == "proposed"
        exhibit = Evidence.objects.filter(case=self.case, exhibit=1).select_related("file").first()
        if exhibit is None or self.case.content_is_sealed or not often:
            return []
        derive.prepare(exhibit.file)
        lines = exhibit.file.derivatives.filter(kind="lines").first()
        return [f"{exhibit}#t{turn}" for turn in range(1, min(2, lines.params["turns"]) + 1)] if lines else []

    def _record_finding(self) -> None:
        outcome = self.plan.outcome
        if self.case.needs_care:
            care.count_showing(self.investigator, self.case, "lines")
        text = self.plan.matter.finding if outcome == BREACH else phrases()["conclusions"][outcome]
        Finding(
            case=self.case,
            rule=self.case.rule,
            facts=self.words.into(text),
            conclusion=CONCLUSIONS.get(Decision.Outcome(outcome), Finding.Conclusion.NO_BREACH),
            behaviour=Case.Behaviour.SYSTEM if outcome == "system_behaviour" else Case.Behaviour.HUMAN,
            standard=Finding.Standard.CLEAR if self.plan.severity > 2 else Finding.Standard.BALANCE,
            exhibits=[1],
            citations=self._cited(),
            found_by=self.investigator,
            found_at=now(),
        ).record(actor=self.investigator)

    # --- decision ---
    def _propose(self) -> Decision:
        """What the matrix says, or the reason for another tier."""
        outcome, conduct_at = self.plan.outcome, min(report.conduct_at for report in self.case.reports.all())
        rule = self.stage.rule(self.plan.matter.rule, conduct_at)
        reasons = self.plan.matter.reasons if outcome == BREACH else phrases()["outcomes"][outcome]
        decision = Decision(
            case=self.case,
            outcome=outcome,
            rule=rule,
            conduct_at=conduct_at,
            reasons=self.words.into(reasons, code=rule.code, title=rule.title),
            proposed_by=self.investigator,
            proposed_at=now(),
        )
        if outcome == BREACH:
            decision.legal_ground = phrases()["law"] if decision.refers else ""
            decision.intent, decision.sensitivity = self.plan.intent, self.plan.sensitivity
            decision.severity = max(rule.severity - 1, min(rule.severity + 1, self.case.severity))
            self._depart(decision)
            self._aim(decision)
        beside.checked(self)
        decision.propose(actor=self.investigator)
        return decision

    def _depart(self, decision: Decision) -> None:
        """Another tier than the matrix gives, with a reason: where the law wants a warning first, or by choice."""
        milder = self.plan.extra == "departure" or self.plan.ends == "confirmed"
        if not milder and self.plan.severity < 3 and self.plan.intent != "deliberate":
            return  # far from what ends an account
        decision.tier = decision.recommend().evaluation.tier
        if warning_missing(decision):
            decision.tier, decision.departure_reason = "T7", phrases()["departures"]["warned"]
        elif self.plan.extra == "departure" and drawing(f"{self.plan.key} days").random() < 0.5:
            return  # the same tier, for fewer days
        elif milder and decision.tier > (decision.rule.minimum_tier or "T1"):
            decision.tier, decision.departure_reason = (
                f"T{int(decision.tier[1]) - 1}",
                phrases()["departures"]["milder"],
            )

    def _aim(self, decision: Decision) -> None:
        """At the account of the case; now and then at the one that its key hangs on, because keys are made anew."""
        above = self.subject.parent
        often = drawing(f"{self.plan.key} scope").random() < 0.4
        if self.subject.kind == Subject.Kind.API_KEY and above is not None and often:
            decision.scope, decision.scope_reason = above, phrases()["departures"]["wider"]
        reached = decision.scope or self.subject
        if decision.scope or reached.kind in WHOLE:
            decision.scope_typed = reached.external_id
        if self.plan.extra == "departure" and not decision.departure_reason:
            timed = [line for line in decision.imposed_by(decision.tier_document) if "days" in line]
            decision.days = {line["type"]: line["days"] // 2 for line in timed}
            decision.departure_reason = phrases()["departures"]["shorter"] if timed else ""

    def _decided(self) -> Any:
        """Proposed, perhaps given back once, confirmed where that is needed, and issued."""
        yield now() + timedelta(minutes=8)
        decision = self._propose()
        if self.plan.ends == "proposed":
            return None
        if self.plan.extra in ("returned", "withdrawn"):
            yield from self._given_back(decision)
            decision = yield from self._proposed_again(hours=self.rng.uniform(2, 18))
        issuer, confirmer = self._deciders(decision)
        if decision.needs_confirmer or self.plan.ends == "confirmed":
            yield max(self.at(0.8), now() + timedelta(minutes=40))
            if decision.needs_confirmer:
                verdicts.confirmed(self, decision, confirmer)
        if self.plan.ends == "confirmed":
            return None
        yield max(self.at(1), now() + timedelta(minutes=25))
        return (yield from self._issued(decision, issuer))

    def _issued(self, decision: Decision, issuer: User) -> Any:
        """Issue it; if earlier decisions changed since, it goes back and is graded again."""
        if issuer != self.investigator:
            verdicts.given(self, decision, issuer)
        try:
            decision.issue(actor=issuer)
        except Refused as refused:
            decision.send_back(actor=self._person("head"), reason=str(refused))
            return (yield from self._decided_again(hours=self.rng.uniform(1, 4)))
        return decision

    def _proposed_again(self, hours: float) -> Any:
        yield now() + timedelta(hours=hours)
        self.case.claim(actor=self.investigator)
        yield now() + timedelta(minutes=9)
        return self._propose()

    def _decided_again(self, hours: float) -> Any:
        """Proposed, confirmed where that is needed, and issued, once more."""
        decision = yield from self._proposed_again(hours)
        issuer, confirmer = self._deciders(decision)
        yield now() + timedelta(hours=3)
        if decision.needs_confirmer:
            verdicts.confirmed(self, decision, confirmer)
        yield now() + timedelta(hours=2)
        return (yield from self._issued(decision, issuer))

    def _given_back(self, decision: Decision) -> Course:
        yield now() + timedelta(hours=self.rng.uniform(1, 9))
        if self.plan.extra == "withdrawn":
            decision.withdraw(actor=self.investigator)
        else:
            decision.send_back(actor=self._person("senior"), reason=self.rng.choice(phrases()["returned"]))

    def _deciders(self, decision: Decision) -> tuple[User, User]:
        """Who may issue this decision, and who confirms it before."""
        if decision.self_issued and not decision.needs_confirmer:
            return self.investigator, self.investigator
        approver = decision.tier_document.get("approver", "adjudicator")
        issuer = MAILBOXES[ISSUERS[approver][0]]
        if approver == "adjudicator" and self.rng.random() < 0.4:
            issuer = "senior"
        confirmer = (
            "counsel" if approver.endswith("counsel") else "senior" if issuer == "adjudicator" else "adjudicator"
        )
        return self._person(issuer), self._person(confirmer)

    # --- what follows ---
    def _followed(self, decision: Decision) -> Course:
        if self.plan.outcome == BREACH and self.plan.extra != "fresh":
            yield from effects.carried_out(self, decision)
        if self.plan.appeal:
            yield from appeals.of_decision(
                self.stage, decision, self.plan.matter, self.plan.appeal, self.words, self.rng
            )
            if self.plan.appeal.startswith("remanded"):
                yield from self._again()
                return
        if self.plan.extra.startswith("contested_"):
            ends = self.plan.extra.removeprefix("contested_")
            yield from appeals.of_answer(self.stage, self.case.reports.earliest("ref"), ends, self.words, self.rng)
        if self.plan.extra == "lifted":
            yield now() + timedelta(days=2)
            yield from effects.lifted(self, decision)
        since = now()
        if self.plan.outcome == BREACH and self.plan.appeal != "reversed":
            yield from remedies.put_right(self, decision)
        if self.plan.outcome != BREACH or self.plan.appeal == "reversed":
            yield from self._closed(since + (6.2 * MONTH if self.plan.outcome in MAY_GO_ON else MONTH))
        elif self.plan.key.startswith("old"):
            yield from self._closed(max(since + 6.2 * MONTH, now()))

    def _again(self) -> Course:
        """An appeal sent the case back: it waits, is investigated again, or is decided once more, milder."""
        if self.plan.appeal == "remanded":
            return
        hours = self.rng.uniform(20, 60)
        yield from (self._decided_again if self.plan.appeal == "remanded_again" else self._proposed_again)(hours)

    def _closed(self, at: datetime) -> Course:
        if at < self.stage.latest:
            yield at
            self.case.close(actor=self._person("lead"))
