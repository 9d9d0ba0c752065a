from tipstaff.sla.models.calendar import Calendar, CalendarEdition
from tipstaff.sla.models.clock import LEVELS, PAUSE_CAP, Clock, ClockAlert
from tipstaff.sla.models.kinds import Kind
from tipstaff.sla.models.recalculation import Recalculation
from tipstaff.sla.models.target import Target, TargetTable
from tipstaff.sla.models.untold import Untold

__all__ = [
    "LEVELS",
    "PAUSE_CAP",
    "Calendar",
    "CalendarEdition",
    "Clock",
    "ClockAlert",
    "Kind",
    "Recalculation",
    "Target",
    "TargetTable",
    "Untold",
]
