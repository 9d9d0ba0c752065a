"""Sweeps whose clock runs fast and jumps: `python -m tests.faults.sweeper BEGAN BEGIN SPEED END JUMPS`, to be killed.

BEGAN is when it all began, in real seconds since 1970; BEGIN and END are instants of the week that is lived through;
SPEED is how many of its seconds pass in a real one. All sweepers that were given the same numbers live at the same
time, unless the last word is "jumps": then the clock of this one is now and then hours behind, or a little ahead, as
one is that was set wrong and put right again.
"""

import random
import sys
import time
from datetime import datetime, timedelta

import django
import time_machine
from django.db import DatabaseError, InterfaceError, connection

PAUSE = 0.3  # seconds between two sweeps


def live(began: float, begin: datetime, speed: float, end: datetime, *, jumps: bool) -> None:
    """Sweep until `end`. A database that is away is asked again."""
    from tipstaff.sla.sweep import sweep

    at = begin
    while at < end:
        at = begin + timedelta(seconds=(time.time() - began) * speed)
        wrong = timedelta(hours=random.choice([-30, -3, 0, 0, 0.05])) if jumps else timedelta(0)
        with time_machine.travel(at + wrong, tick=False):
            try:
                sweep()
            except (DatabaseError, InterfaceError):
                connection.close()
        time.sleep(PAUSE)


if __name__ == "__main__":
    django.setup()
    began, begin, speed, end, jumps = sys.argv[1:]
    live(float(began), datetime.fromisoformat(begin), float(speed), datetime.fromisoformat(end), jumps=jumps == "jumps")
