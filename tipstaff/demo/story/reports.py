"""Filing and triage: who reports what through which door, and the reports that lead to no case."""

import multiprocessing
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from cases.models import Answerable, Report
from cases.models.flagger import Flagger
from tipstaff.accounts.models import Token, User
from tipstaff.demo.story import appeals, files
from tipstaff.demo.story.prose import Matter, Words, drawing, matters, phrases
from tipstaff.demo.story.stage import GONE, Course, Stage
from tipstaff.notices.models import Message
from tipstaff.notices.outbox import OUTBOX
from tipstaff.permissions import Permission
from tipstaff.sla.clocks import usual_length
from tipstaff.sla.models import Clock
from tipstaff.time import now
from tipstaff.vault import storage
from tipstaff.workflow.actors import Actor, LinkHolder

NAMES = ("amina.k", "jonas.w", "li.wei", "m.okoro", "sofia.r", "ines.d", "k.haddad", "y.tanaka", "t.novak", "leila.b")
INSIDERS = ("product", "engineering", "owner", "legal")
TOLD_EVERY = 50
TAKEN_UP = "acct_3f19"  # the account that reports are about which an appeal brought back
WITH_ADDRESS = 0.22  # the share of reporters who leave an address


class Reporters:
    """Files reports through the doors there are: the public form, machines, and people who work here."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.filed = multiprocessing.Value("i")  # by all hands together
        self.token = self._let_in("Partner desk of Cloudlane", Permission.REPORT_FILE, Permission.REPORT_VIEW)
        self.gateway = self._let_in("Gateway", Permission.SANCTION_ACKNOWLEDGE, Permission.SUBJECT_VIEW)
        bench = self._let_in("Test bench, no longer used", Permission.REPORT_FILE)
        if bench.revoked_at is None:
            bench.revoke(actor=stage.people["admin"])
        self._trusted()
        self._answered_for()

    def _answered_for(self) -> None:
        """Who answers for each entrance; for the public one somebody else did before."""
        if Answerable.objects.exists():
            return
        for named in phrases()["answerable"]:
            by = self.stage.people[named["by"]]
            latest = Answerable.objects.of(named["pathway"])
            facts = {name: named[name] for name in ("pathway", "role", "name", "contact", "reason")}
            edition = Answerable(appointed_by=by, **facts)
            edition.appoint(actor=by, after=latest.number if latest else 0)

    def _trusted(self) -> None:
        """Two organisations whose reports come first, and one that is trusted no more."""
        lead, compliance = self.stage.people["lead"], self.stage.people["compliance"]
        if Flagger.objects.exists():
            return
        for trusted in phrases()["flaggers"]:
            token = self.token if trusted.get("machine") else None
            facts = {name: trusted[name] for name in ("name", "contact", "reason")}
            ends_at = self.stage.began + timedelta(days=200)
            flagger = Flagger(token=token, ends_at=ends_at, granted_by=compliance, granted_at=now(), **facts)
            flagger.grant(actor=compliance)
            if "revoked" in trusted:
                flagger.revoke(actor=lead, reason=trusted["revoked"])
        for message in Message.objects.filter(kind__startswith="flagger_", state="queued"):
            message.hand_over(actor=OUTBOX)

    def _let_in(self, name: str, *scopes: Permission) -> Token:
        """A machine is given a token, long before it calls."""
        if known := Token.objects.filter(name=name).first():
            return known
        admin = self.stage.people["admin"]
        token, _secret = Token.draw(name=name, scopes=[str(scope) for scope in scopes], granted_by=admin, days=730)
        token.grant(actor=admin)
        return token

    def file(
        self, key: str, rng: Random, text: str, *, language: str = "en", with_file: bool = False, **columns: Any
    ) -> Report:
        """A report filed now. `key` stands in for the form's random id, so that receipt codes come out the same."""
        actor, source = self._door(rng)
        if rng.random() < WITH_ADDRESS and "contact" not in source:
            columns["contact"] = f"{GONE if rng.random() < 0.03 else ''}{rng.choice(NAMES)}@people.example"
        happened_on = (now() - timedelta(hours=rng.choice((2, 9, 20, 30, 60)))).date()
        facts = {"happened_on": happened_on, "language": language, "good_faith": True, "received_at": now()}
        report, _code = Report.draw(key, description=text, **(facts | source | columns))
        sealed = (
            [storage.receive(files.picture(rng).upload, actor=actor)]
            if with_file and actor.may(Permission.FILE_SEAL)
            else []
        )
        report.file(actor=actor, files=sealed)
        with self.filed.get_lock():
            self.filed.value += 1
            filed = self.filed.value
        if filed % TOLD_EVERY == 0:
            self.stage.say(f"Telling the story: {filed} reports so far.")
        return report

    def _door(self, rng: Random) -> tuple[Actor, dict[str, Any]]:
        lot = rng.random()
        if lot < 0.16:
            return self.token, {"channel": Report.Channel.API, "token": self.token.pk}
        if lot < 0.24:
            insider = self.stage.people[rng.choice(INSIDERS)]
            return insider, {"channel": Report.Channel.INTERNAL, "reported_by": insider}
        if lot < 0.26:
            return LinkHolder("reporter"), {"channel": Report.Channel.AUDITOR, **rng.choice(phrases()["auditors"])}
        return LinkHolder("reporter"), {}


def triager(stage: Stage, rng: Random) -> User:
    return stage.people[rng.choice(("lead", "lead", "reviewer", "reviewer2"))]


# --- reports that lead to no case ---
def unfounded(stage: Stage, reporters: Reporters, scale: float) -> Iterator[Course]:
    """What is declined, asked about, taken back, or waits for somebody to read it."""
    counts = {"declined": 64, "withdrawn": 12, "asked": 8, "supplied": 4, "received": 21}
    for ends, count in counts.items():
        for number in range(max(1, round(count * scale))):
            yield _course(stage, reporters, ends, number, drawing(f"{ends}{number}"))


def _course(stage: Stage, reporters: Reporters, ends: str, number: int, rng: Random) -> Course:
    words = Words(rng)
    waits = ends not in ("declined", "withdrawn")
    text, columns, language, kind = (_serious if waits else _slight)(stage, rng, words, ends, number)
    target = usual_length(Clock.Kind.TRIAGE, 2)
    at = stage.days_ago(_age(rng, ends, number))
    yield at
    report = reporters.file(f"{ends}{number}", rng, text, language=language, with_file=number % 9 == 4, **columns)
    if ends == "received":
        return
    target = usual_length(Clock.Kind.TRIAGE, report.severity)
    yield at + target * rng.uniform(0.05, 0.55)
    if ends == "withdrawn":
        report.withdraw(actor=LinkHolder("reporter", report.reference))
    elif ends == "declined":
        decline(stage, report, rng, words, kind)
        yield from appeals.of_report(stage, report, number, rng, words)
        if report.state == Report.State.RECEIVED:
            yield from _taken_up(stage, report, rng)
    else:
        report.ask(actor=triager(stage, rng), question=words.into(rng.choice(phrases()["questions"])))
        if ends == "supplied":
            yield now() + timedelta(hours=rng.uniform(3, 11))
            answer = words.into(rng.choice(phrases()["answers"]))
            report.supply(actor=LinkHolder("reporter", report.reference), answer=answer)


def _taken_up(stage: Stage, report: Report, rng: Random) -> Course:
    """An appeal was right: somebody else reads the report and accepts it."""
    yield now() + timedelta(hours=rng.uniform(3, 20))
    others = [
        stage.people[mailbox] for mailbox in ("reviewer", "reviewer2") if stage.people[mailbox] != report.triaged_by
    ]
    rule = stage.rule("OP-08", report.conduct_at)
    report.accept(actor=others[0], subject=stage.subjects[TAKEN_UP], rule=rule, severity=2)


def _age(rng: Random, ends: str, number: int) -> float:
    """Days back. What waits is young; two of those that nobody has read are late."""
    if ends == "received":
        return rng.uniform(2.2, 3.1) if number < 2 else rng.uniform(0.02, 0.7)
    if ends in ("asked", "supplied"):
        return rng.uniform(0.6, 1.6) if ends == "supplied" else rng.uniform(1.5, 5)
    if ends == "declined" and appeals.OF_REPORTERS.get(number) in ("lodged", "under_review", "reversed"):
        return rng.uniform(8, 10) if number > 1 else rng.uniform(4, 6)
    return rng.uniform(6, 118)


def _slight(
    stage: Stage, rng: Random, words: Words, ends: str, number: int
) -> tuple[str, dict[str, Any], str, dict[str, Any]]:
    """A complaint that breaks no rule: its text, columns, language and how it is declined."""
    kinds = phrases()["declined"]
    kind = kinds[number % len(kinds)]
    if ends == "withdrawn":
        return words.into(rng.choice(phrases()["withdrawn"])), {}, "en", kind
    language = rng.choice(list(phrases()["languages"])) if rng.random() < 0.15 else "en"
    texts = kind["reports"] if language == "en" else phrases()["languages"][language]
    columns = {"rule": stage.rule(kind["rule"])} if "rule" in kind else {}
    return words.into(rng.choice(texts)), columns, language, kind


def _serious(
    stage: Stage, rng: Random, words: Words, _ends: str, _number: int
) -> tuple[str, dict[str, Any], str, dict[str, Any]]:
    """A report that will come to something, once somebody has read it."""
    matter = rng.choice([matter for matter in matters() if stage.rule(matter.rule).severity < 4])
    text, language = told(matter, words, rng)
    account = rng.choice(("", words.drawn["shop"], "acct_11de", "app_northwind_desk", "key_beihe_21"))
    return text, {"rule": stage.rule(matter.rule), "account": account}, language, {}


def told(matter: Matter, words: Words, rng: Random, place: int = 0) -> tuple[str, str]:
    """A report of the matter and its language; further ones tell it in other words."""
    if matter.elsewhere and rng.random() < 0.4:
        language = rng.choice(sorted(matter.elsewhere))
        return words.into(matter.elsewhere[language]), language
    return words.into(matter.reports[(place + rng.randint(0, 1)) % len(matter.reports)]), "en"


def decline(stage: Stage, report: Report, rng: Random, words: Words, kind: dict[str, Any]) -> None:
    report.decline(actor=triager(stage, rng), reason=kind["reason"], note=words.into(kind["note"]))


def settle(at: datetime, began: datetime) -> datetime:
    """An act of somebody at work: by day, unless it is as good as now."""
    if at > began - timedelta(days=1) or 7 <= at.hour < 18:
        return at
    return at + timedelta(hours=(7 - at.hour) % 24)
