"""What is done before a decision: an authority is told, where the rule asks for that; and the account is limited for
now, or it is written down that nothing has to be.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from cases.models import Interim, Referral, Withholding
from tipstaff.demo.story.prose import drawing, phrases
from tipstaff.demo.story.stage import Course
from tipstaff.sla.models import Clock
from tipstaff.time import now

if TYPE_CHECKING:
    from tipstaff.demo.story.cases import CaseTeller


def referred(teller: "CaseTeller") -> Course:
    """The authority is told in time, where the rule asks for that; once it asks for silence for some hours."""
    running = Clock.objects.running().about(teller.case).filter(kind=Clock.Kind.AUTHORITY).first()
    if running is None:
        return
    rng, said = drawing(f"{teller.plan.key} referral"), phrases()["referral"]
    yield now() + running.target * rng.uniform(0.1, 0.4)
    who = teller.stage.people["custodian"]
    Referral(case=teller.case, made_by=who, authority_ref=f"{rng.randint(1000, 9999)}/26", **said["notice"]).make(
        actor=who
    )
    if teller.plan.key.startswith("tier"):
        yield now() + timedelta(minutes=3)
        counsel = teller.stage.people["counsel"]
        until = now() + timedelta(hours=2)
        Withholding(case=teller.case, ordered_by=counsel, until=until, **said["silence"]).order(actor=counsel)


def answered(teller: "CaseTeller") -> Course:
    """Whoever investigates answers while the clock of the question runs, in nine of ten cases."""
    running = Clock.objects.running().about(teller.case).filter(kind=Clock.Kind.INTERIM).first()
    rng = drawing(f"{teller.plan.key} interim")
    lot = rng.random()
    if running is None or (teller.plan.ends == "open" and lot > 0.5):
        return
    yield min(now() + running.target * rng.uniform(0.15, 0.6), max(teller.at(0.5), now() + timedelta(minutes=2)))
    said = phrases()["interim"]
    needed = lot < 0.45 and teller.plan.ends != "merged"  # whose holder was limited gets a decision
    reason = teller.words.into(rng.choice(said["needed" if needed else "not_needed"]))
    interim = Interim(case=teller.case, needed=needed, answered_by=teller.investigator, reason=reason)
    if not needed or interim.cap is None:
        interim.needed = False
        interim.rule_out(actor=teller.investigator)
        return
    kind = rng.choice(("rate_limit", "rate_limit", "feature_restriction", "temporary_suspension"))
    terms = {"rate_limit": {"quota_percent": 25}, "feature_restriction": {"scope": said["feature"]}}
    interim.lighter = said["lighter"] if kind == "temporary_suspension" else ""
    interim.impose(actor=teller.investigator, kind=kind, terms=terms.get(kind, {"scope": "account"}))
    if teller.plan.severity == 4:
        yield now() + timedelta(hours=rng.uniform(1, 3))
        if interim.case.state != "decided":
            interim.second(actor=teller.stage.people["head"])
    elif lot < 0.1:
        yield now() + timedelta(hours=rng.uniform(2, 6))
        interim.lift(actor=teller.investigator, reason=said["lifted"])
