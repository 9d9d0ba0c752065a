"""What is kept and who keeps it: sealed files, holds on them, how long they stay, and how they are disposed of."""

from tipstaff.vault.models.derivative import Derivative
from tipstaff.vault.models.disposal import Approval, Disposal
from tipstaff.vault.models.file import NAME_LIMIT, REASON_LIMIT, RetentionClock, SealedFile
from tipstaff.vault.models.hold import LegalHold
from tipstaff.vault.models.unsealing import Unsealing

__all__ = [
    "NAME_LIMIT",
    "REASON_LIMIT",
    "Approval",
    "Derivative",
    "Disposal",
    "LegalHold",
    "RetentionClock",
    "SealedFile",
    "Unsealing",
]
