"""What is known of the work behind the pages: how far long tasks are, when periodic jobs ran, which workers live, and
what failed.
"""

from tipstaff.jobs.models.letter import DeadLetter
from tipstaff.jobs.models.progress import Progress
from tipstaff.jobs.models.tick import Tick, Worker

__all__ = ["DeadLetter", "Progress", "Tick", "Worker"]
