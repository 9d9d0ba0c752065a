"""What would be imposed if a decision were issued now: what, on which account, until when."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cases.models import Sanction
from cases.statement import measure
from tipstaff.accounts.models import Subject

if TYPE_CHECKING:
    from cases.models import Decision


@dataclass(frozen=True)
class Planned:
    what: str
    until: str
    whom: Subject | None  # the account that is limited; None for what is only said to its holder


def planned(decision: "Decision", at: datetime) -> list[Planned]:
    """One line a measure, as the code that imposes it would at `at`."""
    made = [Sanction.of_tier(decision, document, at=at) for document in decision.sanction_documents]
    lines = [(measure(one), one.subject if one.at_the_gateway else None) for one in made]
    return [Planned(what, until, whom) for (what, until), whom in lines]
