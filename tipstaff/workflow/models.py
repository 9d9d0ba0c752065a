"""What every record has: a UUIDv7, a reference people can read, a history, and a lock."""

from copy import deepcopy
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Value

from tipstaff.ledger import render
from tipstaff.ledger.models import UUIDv7


class NextRef(models.Func):
    """`NextRef("C")` is the next `C-…` reference: a Crockford base32 serial from the sequence of its letter."""

    function = "tipstaff_ref"
    output_field = models.CharField()

    def __init__(self, letter: str, **extra: Any) -> None:
        super().__init__(Value(letter), **extra)


class Record(models.Model):
    """A row with a history. Subclasses are registered with `references.register`."""

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)

    reference_prefix: ClassVar[str] = ""
    reference_field: ClassVar[str] = "ref"
    owner_field: ClassVar[str] = ""  # the column with the person whose work it is, where it is somebody's
    untold: ClassVar[frozenset[str]] = frozenset()  # columns that never stand in an event
    listed_with: ClassVar[tuple[str, ...]] = ()  # relations that its title and address need, joined in lists
    unchanging: ClassVar[bool] = False  # never written again once others point at it, so memory is as good as the row

    class Meta:
        abstract = True

    def get_absolute_url(self) -> str:
        return self.history_of().get_absolute_url() if self.history_of() is not self else ""

    @property
    def reference(self) -> str:
        return f"{self.reference_prefix}:{getattr(self, self.reference_field)}"

    @property
    def title(self) -> str:
        """How the record is named in a sentence."""
        return str(getattr(self, self.reference_field))

    def history_of(self) -> "Record":
        """The record whose history this one's acts belong to: a decision's are its case's."""
        return self

    @property
    def stream(self) -> str:
        root = self.history_of()
        return f"{root.reference_prefix}:{root.pk}"

    def stake_of(self, actor: Any) -> str | None:
        """Why `actor` does nothing here, whatever their roles: what it is about concerns them. The record whose history
        this one belongs to says it; asked before the guard of every act.
        """
        root = self.history_of()
        return None if root is self else root.stake_of(actor)

    def held_with(self) -> list[str]:
        """References of what else a legal hold may be on to keep the files of this record: its account, its case."""
        return []

    @property
    def at_rest_since(self) -> datetime | None:
        """From when the ordinary retention of its files runs; None while something may still happen to it."""
        return None

    def clock_moved(self, clock: Any) -> None:
        """A clock about this record changed; records that copy its due time override this."""

    def mail_settled(self, kind: str) -> None:
        """A mail about this record was handed over, or given up; records that owe it by a clock override this."""

    def unnamed(self) -> str:
        """`actor_ref` of whom no history of this record names: a colleague who reported. Empty for nobody."""
        return ""

    def notice_links(self, token: str) -> list[tuple[str, str]]:
        """What else the key of a notice about this record opens: what it is called, and its address."""
        return []

    def complete(self, *, actor: Any) -> None:
        """Fill in what follows from the given columns just before the row is inserted, or refuse to. The record whose
        history this one belongs to is locked by then.
        """

    def settle(self) -> None:
        """Set the columns that follow from the others, just before the row is written."""

    def lock(self) -> None:
        """Re-read this row `FOR NO KEY UPDATE`. A record it hangs on and has in memory stays the same object, so that
        what was locked first (DESIGN 3: case first) is what guards look at; so does one that never changes.
        """
        root = self.history_of()
        known = {
            name: near
            for name, near in self._state.fields_cache.items()
            if near is root or getattr(near, "unchanging", False)
        }
        self.refresh_from_db(from_queryset=type(self)._base_manager.select_for_update(no_key=True))
        for name, near in known.items():
            if getattr(self, self._meta.get_field(name).attname) == near.pk:  # type: ignore[union-attr]
                self._state.fields_cache[name] = near

    def stored(self) -> dict[str, Any]:
        """Every column as it is now, by name; lists and mappings as copies, which later changes do not reach."""
        now = {name: getattr(self, name) for name in self.column_names()}
        for name, value in now.items():
            if isinstance(value, (list, dict)):
                now[name] = deepcopy(value)
        return now

    def differs_from(self, stored: dict[str, Any]) -> list[str]:
        """The columns that are no longer as `stored()` gave them."""
        return [name for name, value in stored.items() if getattr(self, name) != value]

    @classmethod
    @cache
    def column_names(cls) -> tuple[str, ...]:
        return tuple(field.attname for field in cls._meta.concrete_fields)

    @classmethod
    @cache
    def told_columns(cls) -> frozenset[str]:
        """The columns that stand in events."""
        fields = cls._meta.concrete_fields
        return frozenset(f.attname for f in fields if not isinstance(f, models.BinaryField)) - cls.untold

    def columns(self) -> dict[str, Any]:
        """Every told column as JSON, by name."""
        return {name: render.fact(getattr(self, name)) for name in self.column_names() if name in self.told_columns()}


class RefQuerySet[R: Record](models.QuerySet[R]):
    """Querysets that say what a person may see; a subclass that forgets sees nothing."""

    def visible_to(self, person: Any) -> Self:
        return self.none()
