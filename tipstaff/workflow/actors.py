"""Who acts: a person, a machine's token, the holder of a signed link, or Tipstaff itself."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tipstaff.permissions import LINK_SCOPES, Permission


@runtime_checkable
class Actor(Protocol):
    """Whoever an operation is done by. `actor_ref` names them in the ledger and holds nothing personal."""

    @property
    def actor_kind(self) -> str: ...

    @property
    def actor_ref(self) -> str: ...

    def may(self, permission: Permission) -> bool: ...


@dataclass(frozen=True)
class LinkHolder:
    """Whoever came with a signed link or receipt code, or came to a public form: no account, one scope."""

    scope: str  # a key of permissions.LINK_SCOPES
    about: str = ""  # the reference that the link is for; empty on a public form
    actor_kind = "link"

    @property
    def actor_ref(self) -> str:
        return f"{self.scope}:{self.about}" if self.about else self.scope

    def may(self, permission: Permission) -> bool:
        return permission in LINK_SCOPES[self.scope]


@dataclass(frozen=True)
class System:
    """Tipstaff itself, acting on a clock, a delivery or an import. May do everything but never decides a case."""

    name: str
    actor_kind = "system"

    @property
    def actor_ref(self) -> str:
        return f"system:{self.name}"

    def may(self, permission: Permission) -> bool:
        return True
