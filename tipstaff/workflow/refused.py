"""The one exception of the domain: an act that may not happen, and the sentence that says why."""

from typing import TYPE_CHECKING, ClassVar, Optional

if TYPE_CHECKING:
    from tipstaff.workflow.models import Record


class Refused(Exception):
    """An operation said no. `str()` is a sentence for the person who asked; nothing was changed. `record` is what the
    innermost operation was about, set by it.
    """

    status: ClassVar[int] = 409

    def __init__(self, sentence: str = "", *, field: str = "", record: Optional["Record"] = None) -> None:
        super().__init__(sentence)
        self.record = record
        self.field = field  # of the form where it is said, if one of it is the reason


class NotPermitted(Refused):
    """The actor's roles, scopes or link do not allow the act. Recorded as `access.refused` where it is caught."""

    status = 403

    def __init__(self, sentence: str, *, permission: str, about: str) -> None:
        super().__init__(sentence)
        self.permission = permission
        self.about = about


class TooMany(Refused):
    """A limit of the door was reached; trying again after so many minutes is possible."""

    status = 429

    def __init__(self, sentence: str, *, minutes: int) -> None:
        super().__init__(sentence)
        self.seconds = minutes * 60
