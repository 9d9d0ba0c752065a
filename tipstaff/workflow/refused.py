"""The one exception of the domain: an act that may not happen, and the sentence that says why."""


class Refused(Exception):
    """An operation said no. `str()` is a sentence for the person who asked; nothing was changed."""

    status = 409


class NotPermitted(Refused):
    """The actor's roles, scopes or link do not allow the act. Recorded as `access.refused` where it is caught."""

    status = 403

    def __init__(self, sentence: str, *, permission: str, about: str) -> None:
        super().__init__(sentence)
        self.permission = permission
        self.about = about


class TooMany(Refused):
    """A limit of the door was reached; trying later is possible."""

    status = 429
