"""Looks into the running stack's database, and puts cases into its past: `python -m tests.faults.look ACT JSON`."""

import json
import mailbox
import os
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import django

SLACK = timedelta(seconds=20)  # a sweep on a machine that has just been through this


def past_case(started: Any) -> str:
    """A case of severity 4, which has 24 hours to be decided, opened at `started`."""
    from aup.models import Rule
    from cases.models import Report
    from tipstaff.accounts.models import Subject, User
    from tipstaff.time import moved_to, now
    from tipstaff.workflow.actors import LinkHolder, System

    with moved_to(started):
        report, _code = Report.draw(str(uuid4()), description="Some time ago.", good_faith=True, received_at=now())
        report.file(actor=LinkHolder("reporter"), files=[])
        subject = Subject(external_id=f"acct_{uuid4().hex}")
        subject.register(actor=System("faults"))
        lead, rule = User.objects.get(email="lead@demo.example"), Rule.objects.cited("VE-02", now())
        assert rule
        return report.accept(actor=lead, subject=subject, rule=rule, severity=4).ref


def late(hours: float) -> list[str]:
    """One case that was due some hours ago."""
    from tipstaff.time import now

    return [past_case(now() - timedelta(hours=24 + hours))]


def ripening(seconds: float) -> list[str]:
    """Cases whose clocks pass a level each within the next `seconds`."""
    from tipstaff.sla.models import LEVELS
    from tipstaff.time import now

    spans = [(level, random.uniform(0, seconds)) for level in LEVELS for _case in range(4)]
    return [past_case(now() + timedelta(seconds=wait) - timedelta(hours=24) * level / 100) for level, wait in spans]


def week(told: dict[str, Any]) -> list[str]:
    """So many cases whose clocks start at random times from `begin` on, each due a day later, within `days`."""
    begin = datetime.fromisoformat(told["begin"])
    span = (told["days"] - 2) * 24 * 3600  # the last ones reach 200 % before the end
    return [past_case(begin + timedelta(seconds=random.uniform(0, span))) for _case in range(told["cases"])]


def week_faults(told: dict[str, Any]) -> list[str]:
    """What is wrong with the clocks of these cases at the end of their week, after which every level was passed."""
    from tipstaff.notices.models import Message
    from tipstaff.sla.models import LEVELS, Clock, Untold
    from tipstaff.time import moved_to

    with moved_to(datetime.fromisoformat(told["end"])):
        found = clock_faults(told["cases"])
    clocks = Clock.objects.filter(kind="decision", about__in=[f"case:{ref}" for ref in told["cases"]])
    recorded = _levels_recorded()
    found += [
        f"clock {clock} recorded {recorded[str(clock)]}"
        for clock in clocks.values_list("pk", flat=True)
        if recorded[str(clock)] != list(LEVELS)
    ]
    if left := Untold.objects.count():
        found.append(f"{left} levels were never told to anybody")
    if not Message.objects.filter(kind__in=["clock_escalated", "clocks_escalated"]).exists():
        found.append("nobody was mailed")
    return found


def clock_faults(refs: list[str]) -> list[str]:
    """What is wrong with the decision clocks of these cases, in sentences."""
    from cases.models import Case
    from tipstaff.sla.models import LEVELS, Clock, ClockAlert
    from tipstaff.time import now

    told = Counter((clock, level) for clock, levels in _levels_recorded().items() for level in levels)
    found = [f"clock {clock} told of {level} % {count} times" for (clock, level), count in told.items() if count > 1]
    found += [
        f"clock {alert.clock_id} reached {alert.level} % and no event says so"
        for alert in ClockAlert.objects.all()
        if not told[str(alert.clock_id), alert.level]
    ]
    for case in Case.objects.filter(ref__in=refs):
        clock = Clock.objects.get(about=case.reference, kind="decision")
        found += [f"{case}: {what}" for what in _clock_faults(case, clock, LEVELS, now() - SLACK)]
    return found


def _levels_recorded() -> dict[str, list[int]]:
    """The levels of each clock as its history tells them, in the order of the history."""
    from tipstaff.ledger.models import Disclosure

    kinds = ["clock.warned", "clock.breached", "clock.escalated"]
    told: dict[Any, dict[str, Any]] = defaultdict(dict)
    for disclosure in (
        Disclosure.objects.filter(event__kind__in=kinds, name__in=["about", "facts.level"])
        .select_related("event")
        .order_by("event__stream", "event__seq")
    ):
        told[disclosure.event_id][disclosure.name] = disclosure.value
    levels: dict[str, list[int]] = defaultdict(list)
    for facts in told.values():
        levels[facts["about"]["id"]].append(int(facts["facts.level"]))
    return levels


def _clock_faults(case: Any, clock: Any, levels: tuple[int, ...], at: Any) -> Iterator[str]:
    due_at = clock.started_at + timedelta(hours=24)
    if clock.due_at != due_at or case.due_at != due_at:
        yield f"is due at {case.due_at}, its clock at {clock.due_at}; it should be {due_at}"
    alerts = {alert.level: alert for alert in clock.alerts.all()}
    passed = {level for level in levels if clock.instant_of(level) <= at}
    if missing := passed - alerts.keys():
        yield f"never told of {missing} %"
    for level, alert in alerts.items():
        if alert.reached_at != clock.started_at + timedelta(hours=24) * level / 100:
            yield f"{level} % has the time {alert.reached_at}"
        if alert.detected_at < alert.reached_at:
            yield f"{level} % was told of too early"
    if 100 in passed and (clock.breached_at != due_at or clock.outcome):
        yield f"was breached at {clock.breached_at}"


def ripe(refs: list[str]) -> list[str]:
    """What keeps these clocks from having told of everything they passed; empty when they have."""
    return [fault for fault in clock_faults(refs) if "never told" in fault]


def mail_faults(_nothing: Any = None) -> list[str]:
    """Hand over what waits for a lease or another try to end, then compare the outbox with the mailbox."""
    from django.conf import settings

    from tipstaff.notices import outbox
    from tipstaff.notices.models import Message
    from tipstaff.time import moved_to, now

    for minutes in (0, 10, 60, 600):
        with moved_to(now() + timedelta(minutes=minutes)):
            while Message.objects.due(now()).exists():
                outbox.deliver_due()
    box = mailbox.Maildir(settings.DEMO_MAIL_DIR, factory=None)
    taken = Counter(str(box[key]["Message-ID"]).strip() for key in box.keys())  # noqa: SIM118  a mailbox is no dict
    known = dict(Message.objects.values_list("message_id", "state"))
    return (
        [f"{message_id} is {state}" for message_id, state in known.items() if state != "handed_over"]
        + [f"{message_id} never arrived" for message_id in known if message_id not in taken]
        + [f"{message_id} arrived and is not ours" for message_id in taken if message_id not in known]
    )


def lost(told: dict[str, Any]) -> list[str]:
    """Which acknowledged answers the database does not bear out."""
    from cases.models import Decision, Report
    from tipstaff.notices.models import Notice
    from tipstaff.vault import storage

    reports = {report.ref: report for report in Report.objects.select_related("case")}
    found = [f"{ref} is gone" for ref in told["reports"] if ref not in reports]
    found += [f"{ref} is not in {case}" for ref, case in told["cases"].items() if str(reports[ref].case) != case]
    for code in told["codes"]:
        report = Report.by_code(code)
        files = list(report.files) if report else []
        if len(files) != 1:
            found.append(f"{report} came with one file and has {len(files)}")
        for file in files:
            storage.open_sealed(file).close()  # decrypts and compares with the sealed digest
    for ref in told["issued"]:
        decision = Decision.objects.get(ref=ref)
        if decision.state != "issued" or not decision.sanctions.exists() or decision.case.state != "decided":
            found.append(f"{ref} was issued and is {decision.state}")
        if Notice.objects.filter(about=decision.reference).count() != 1:
            found.append(f"{ref} has not one notice")
    per_account = Counter(report.account for report in reports.values() if report.token)
    return found + [f"{account} was reported {count} times" for account, count in per_account.items() if count > 1]


ACTS = {act.__name__: act for act in (late, ripening, ripe, week, week_faults, clock_faults, mail_faults, lost)}

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tipstaff.settings")
    django.setup()
    json.dump(ACTS[sys.argv[1]](json.loads(sys.stdin.read())), sys.stdout)
