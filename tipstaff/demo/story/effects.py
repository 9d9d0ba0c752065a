"""What becomes of measures at the gateway, and those that end early."""

from datetime import timedelta
from typing import TYPE_CHECKING

from cases.models import Decision
from cases.models.effect import AT_THE_GATEWAY
from tipstaff.demo.story.prose import phrases
from tipstaff.demo.story.stage import Course
from tipstaff.time import now

if TYPE_CHECKING:
    from tipstaff.demo.story.cases import CaseTeller


def carried_out(teller: "CaseTeller", decision: Decision) -> Course:
    """The gateway says that it applied the measures; now and then that it could not, and sometimes nothing."""
    lot = teller.rng.random()
    if lot > 0.75:
        return
    effect, detail = ("failed", "The key is unknown at the edge.") if lot < 0.05 else ("applied", "")
    yield now() + timedelta(seconds=teller.rng.uniform(5, 40))
    for sanction in decision.sanctions.filter(kind__in=AT_THE_GATEWAY).select_related("case").order_by("id"):
        sanction.acknowledge(actor=teller.reporters.gateway, effect=effect, detail=detail)


def lifted(teller: "CaseTeller", decision: Decision) -> Course:
    lasting = [s for s in decision.sanctions.all() if s.lasts and s.is_in_force]
    for sanction in lasting[:1]:
        sanction.lift(actor=teller.stage.people["senior"], reason=teller.rng.choice(phrases()["lifted"]))
        if sanction.kind in AT_THE_GATEWAY:
            yield now() + timedelta(minutes=1)
            sanction.acknowledge(actor=teller.reporters.gateway, effect="ended")
