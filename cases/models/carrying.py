"""Carrying: when reports go into another case, who had a part in the one they come from has it there too, and who
declared a conflict stays out there. Otherwise merging and splitting would undo what keeps people apart.
"""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from cases.models.hand import Hand
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.refused import Refused

if TYPE_CHECKING:
    from cases.models.case import Case

Part = Hand.Part


def carry(case: "Case", into: "Case", *, actor: Actor, reporters: bool) -> None:
    """Give `into` every hand and conflict of `case`; those of reporters too where all reports go, else each comes with
    its report. Refused where somebody would have two parts then. It names nobody: one of them may be a reporter.
    """
    known = {hand.person_id: hand.part for hand in into.hands.all()}
    for hand in case.hands.select_related("person"):
        part = known.get(hand.person_id)
        comes_with_report = hand.part == Part.REPORTED and not reporters
        if hand.part == Part.STAYED_OUT or part == Part.STAYED_OUT or comes_with_report:
            continue  # out here by the conflict, which is carried below; or out there already
        if part is None:
            into.take_part(hand.person, Part(hand.part))
        elif part != hand.part:
            raise Refused(
                _("Somebody has one part in %(case)s and another in %(into)s, and nobody may have two.")
                % {"case": case.ref, "into": into.ref}
            )
    told = set(into.conflicts.values_list("person", flat=True))
    for conflict in case.conflicts.select_related("person"):
        if conflict.person_id not in told:
            type(conflict)(case=into, person=conflict.person, reason=conflict.reason).carry(actor=actor)


def has_to_let_go(case: "Case") -> bool:
    """Whether who holds the case may not go on with it, after what came with a report."""
    holder = case.claimant
    if holder is None:
        return False
    return case.part_of(holder) not in (None, Part.INVESTIGATED) or case.stake_of(holder) is not None
