"""Who answers for it: AI systems and their controls, the committee, its ballots, and the waivers it grants."""

from governance.models.ballot import Ballot, BallotPart
from governance.models.committee import Committee, Membership
from governance.models.control import Control
from governance.models.release import Release
from governance.models.spell import Spell, WaiverBeneficiary, WaiverRule
from governance.models.system import AISystem
from governance.models.task import ControlTask
from governance.models.waiver import Waiver

__all__ = [
    "AISystem", "Ballot", "BallotPart", "Committee", "Control", "ControlTask", "Membership", "Release", "Spell",
    "Waiver", "WaiverBeneficiary", "WaiverRule",
]  # fmt: skip
