"""Who answers for it: AI systems and their controls, the committee, its ballots, and the waivers it grants."""

from governance.models.control import Control
from governance.models.release import Release
from governance.models.system import AISystem

__all__ = ["AISystem", "Control", "Release"]
