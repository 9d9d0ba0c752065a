"""`@operation`, the one way state changes. It holds the transaction, the lock, the checks and the event; the body says
what else changes. Built on django-fsm-2's `transition`.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django_fsm import transition

from tipstaff.ledger.append import Entry
from tipstaff.ledger.render import fact
from tipstaff.metrics.counts import OPERATIONS
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record
from tipstaff.workflow.refused import NotPermitted, Refused
from tipstaff.workflow.unit import Memory, UnitOfWork, in_unit_of_work, under_way

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Guard = Callable[[Any, Actor], str | None]


@dataclass(frozen=True)
class Operation:
    """What the decorator declared: the source of the check, the buttons, the API's `available` and the docs."""

    name: str
    source: tuple[str, ...]  # ("*",) for any state
    target: str | None  # None: an act without a move
    permission: Permission
    guard: Guard | None
    creates: bool
    label: "StrOrPromise"  # on the button
    said: "StrOrPromise"  # in the history, after the name of who did it
    despite_stake: bool = False  # also by who has a stake in it

    def kind(self, record: Record) -> str:
        """Of the event that doing it to `record` leaves."""
        return f"{record.reference_prefix}.{past(self.name)}"

    def state_refusal(self, record: Record) -> str | None:
        if self.creates:
            return None if record._state.adding else _("This has been done already.")
        state = getattr(record, "state", None)
        if state is None or "*" in self.source or state in self.source:
            return None
        words = record.get_state_display() if hasattr(record, "get_state_display") else state
        return _("%(what)s is %(state)s by now, so this can no longer be done.") % {
            "what": capfirst(record.title),
            "state": str(words).lower(),
        }

    def refusal(self, record: Record, actor: Actor) -> str | None:
        """Why `actor` cannot do this to `record` now, permission aside; None if they can."""
        if refusal := self.state_refusal(record):
            return refusal
        if not self.despite_stake and (stake := record.stake_of(actor)):
            return stake
        return self.guard(record, actor) if self.guard else None

    def available(self, record: Record, actor: Actor) -> bool:
        return actor.may(self.permission) and self.refusal(record, actor) is None


def operation(
    *,
    permission: Permission,
    source: str | Sequence[str] = "*",
    target: str | None = None,
    guard: Guard | None = None,
    creates: bool = False,
    label: "StrOrPromise" = "",
    said: "StrOrPromise" = "",
    despite_stake: bool = False,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare an act. `creates` marks the one that brings the row into being; `guard(record, actor)` returns a sentence
    that refuses, or None. `despite_stake` is for what those do whom Record.stake_of keeps out. The decorated method
    takes `actor` and facts by keyword: JSON, records or sealed files.
    """
    sources = (source,) if isinstance(source, str) else tuple(source)

    def decorate(body: Callable[..., Any]) -> Callable[..., Any]:
        declared = Operation(
            name=body.__name__,
            source=tuple(str(s) for s in sources),
            target=target,
            permission=permission,
            guard=guard,
            creates=creates,
            label=label or capfirst(body.__name__.replace("_", " ")),
            said=said or past(body.__name__).replace("_", " "),
            despite_stake=despite_stake,
        )
        move = transition(
            "state",
            source=list(sources),
            target=target,
            permission=lambda _record, actor: actor.may(permission),
            custom={"operation": declared},
        )(body)

        @functools.wraps(move)
        def run(self: Record, *, actor: Actor, **facts: Any) -> Any:
            stateful = hasattr(type(self), "state")
            try:
                return in_unit_of_work(
                    lambda work: _perform(work, self, declared, move if stateful else body, actor, facts)
                )
            except Refused as refused:
                refused.record = refused.record or self
                if not under_way():
                    result = "not_permitted" if isinstance(refused, NotPermitted) else "refused"
                    OPERATIONS.labels(declared.kind(self), result).inc()
                raise

        run.operation = declared  # type: ignore[attr-defined]
        return run

    return decorate


def _perform(
    work: UnitOfWork,
    record: Record,
    declared: Operation,
    body: Callable[..., Any],
    actor: Actor,
    facts: dict[str, Any],
) -> Any:
    mark = work.mark()
    work.memories.append(Memory(record))
    work.depth += 1
    try:
        if work.depth == 1 and not actor.may(declared.permission):
            raise NotPermitted(
                _("Your roles do not allow this."),
                permission=declared.permission,
                about=record.stream if not record._state.adding else record.reference_prefix,
            )
        if declared.creates:
            if record.history_of() is not record:
                work.lock(record.history_of())
            _refuse_if(declared.refusal(record, actor))
            before = dict.fromkeys(record.stored())
            record.complete(actor=actor)
            record.settle()
            record.save(force_insert=True)
            work.holds(record)
            written = record.stored()
        else:
            work.lock(record)
            _refuse_if(declared.refusal(record, actor))
            before = written = record.stored()
        entry = _entry(record, declared, actor, facts)
        work.entries.append(entry)
        result = body(record, actor=actor, **facts)
        record.settle()
        changed = record.differs_from(written)
        if changed:
            work.update(record, changed)
        entry.told |= _changes(record, before, changed if before is written else record.differs_from(before))
        return result
    except BaseException:
        work.back_to(mark)
        raise
    finally:
        work.depth -= 1


def _refuse_if(reason: str | None) -> None:
    if reason:
        raise Refused(reason)


def _entry(record: Record, declared: Operation, actor: Actor, facts: dict[str, Any]) -> Entry:
    told: dict[str, Any] = {
        "actor": {"kind": actor.actor_kind, "ref": actor.actor_ref},
        "about": {"ref": record.reference, "id": str(record.pk)},
    }
    told |= {f"facts.{name}": fact(value) for name, value in facts.items()}
    return Entry(stream=record.stream, kind=declared.kind(record), at=now(), told=told)


def _changes(record: Record, before: dict[str, Any], changed: list[str]) -> dict[str, Any]:
    """What the act changed in the told columns: how each stood and how it stands, as JSON."""
    told = type(record).told_columns()
    changes = ((name, fact(before[name]), fact(getattr(record, name))) for name in changed if name in told)
    return {f"changes.{name}": [was, now] for name, was, now in changes if was != now}


IRREGULAR = {
    "begin": "begun",
    "give": "given",
    "keep": "kept",
    "make": "made",
    "put": "put",
    "read": "read",
    "send": "sent",
    "set": "set",
    "split": "split",
    "take": "taken",
    "tell": "told",
    "uphold": "upheld",
    "withdraw": "withdrawn",
    "write": "written",
}
DOUBLED = {"admit", "drop", "enrol", "scan", "skip", "step", "stop", "submit"}


def past(verb: str) -> str:
    """The past form that an event kind carries: `issue` gives `issued`, `take_up` gives `taken_up`."""
    head, _sep, tail = verb.partition("_")
    if head in IRREGULAR:
        head = IRREGULAR[head]
    elif head.endswith("e"):
        head += "d"
    elif head.endswith("y") and head[-2] not in "aeiou":
        head = head[:-1] + "ied"
    else:
        head += (head[-1] if head in DOUBLED else "") + "ed"
    return f"{head}_{tail}" if tail else head


def operations_of(model: type[Record]) -> Iterator[Operation]:
    """Every operation that `model` declares, in the order of its source."""
    # Names are listed first: another thread may set an attribute of a class meanwhile.
    for name in dict.fromkeys(name for part in reversed(model.__mro__) for name in list(vars(part))):
        declared = getattr(getattr(model, name, None), "operation", None)
        if isinstance(declared, Operation):
            yield declared


def available_to(record: Record, actor: Actor) -> list[Operation]:
    """The operations that `actor` could do to `record` now: what buttons and the API's `available` show."""
    return [op for op in operations_of(type(record)) if not op.creates and op.available(record, actor)]
