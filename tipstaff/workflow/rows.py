"""Writing and locking many rows at a stroke: one statement for each table, however many records an act moves."""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models.expressions import RawSQL

from tipstaff.workflow import references
from tipstaff.workflow.models import Record


def update_rows(changed: Iterable[tuple[Record, list[str]]]) -> None:
    """Write the named columns of each record as they stand in memory, with one UPDATE for those of a model."""
    by_model: dict[type[Record], dict[int, tuple[Record, set[str]]]] = {}
    for record, names in changed:
        known = by_model.setdefault(type(record), {})
        known.setdefault(id(record), (record, set()))[1].update(names)
    for model, records in by_model.items():
        columns = {name for _record, some in records.values() for name in some}
        _update(model, [record for record, _some in records.values()], columns)


def _update(model: type[Record], records: list[Record], names: set[str]) -> None:
    fields = [model._meta.pk, *(field for field in model._meta.concrete_fields if field.attname in names)]
    if any(isinstance(field, ArrayField) for field in fields):  # a list of lists does not unnest into rows
        for record in records:
            record.save(update_fields=names)
        return
    columns = ", ".join(f'"{field.column}"' for field in fields)
    changes = ", ".join(f'"{field.column}" = given."{field.column}"' for field in fields[1:])
    arrays = ", ".join(f"%s::{field.db_type(connection)}[]" for field in fields)
    values = [[_prepared(field, record) for record in records] for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{model._meta.db_table}" AS kept SET {changes} '  # noqa: S608  names of our own models
            f'FROM unnest({arrays}) AS given({columns}) WHERE kept."{fields[0].column}" = given."{fields[0].column}"',
            values,
        )


def _prepared(field: models.Field, record: Record) -> Any:
    return field.get_db_prep_save(getattr(record, field.attname), connection)


def among(field: models.Field, values: Iterable[Any]) -> RawSQL:
    """For `…__in`: the values as one array, which is much quicker to write and to read than hundreds of parameters."""
    return RawSQL(f"SELECT unnest(%s::{field.db_type(connection)}[])", [list(values)])  # noqa: S611  a type of ours


def lock_free(names: Iterable[str]) -> tuple[dict[str, Record], set[str]]:
    """Lock the records that `names` (`case:C-0001`) refer to, each after the one whose history it belongs to, and wait
    for none: returns those that are locked now, read anew, and the references of those that somebody else holds.
    What is unknown or gone is in neither.
    """
    by_model: dict[type[Record], list[str]] = {}
    for model, name in references.split(names):
        by_model.setdefault(model, []).append(name)
    found: dict[str, Record] = {}
    held: set[str] = set()
    for model, some in by_model.items():
        lock = _lock_by_name if model.history_of is Record.history_of else _lock_after_roots
        free, taken = lock(model, some)
        found |= free
        held |= taken
    return found, held


def _lock_by_name(model: type[Record], names: list[str]) -> tuple[dict[str, Record], set[str]]:
    """Of records that have their own history."""
    named = model._default_manager.filter(**{f"{model.reference_field}__in": among(_naming(model), names)})
    free = {record.reference: record for record in named.select_for_update(skip_locked=True, no_key=True, of=("self",))}
    if len(free) == len(names):
        return free, set()
    known = {f"{model.reference_prefix}:{name}" for name in named.values_list(model.reference_field, flat=True)}
    return free, known - free.keys()


def _naming(model: type[Record]) -> models.Field:
    return model._meta.get_field(model.reference_field)  # type: ignore[return-value]


def _lock_after_roots(model: type[Record], names: list[str]) -> tuple[dict[str, Record], set[str]]:
    """Of records whose acts may stand in the history of another, which is locked first."""
    known = references.find_many(f"{model.reference_prefix}:{name}" for name in names)
    roots = _lock({root for record in known.values() if (root := record.history_of()) is not record})
    ready = [
        record for record in known.values() if (root := record.history_of()) is record or (type(root), root.pk) in roots
    ]
    locked = _lock(ready)
    free = {}
    for reference, record in known.items():
        if fresh := locked.get((type(record), record.pk)):
            _stand_under(fresh, roots, record)
            free[reference] = fresh
    return free, known.keys() - free.keys()


type Locked = dict[tuple[type[Record], Any], Record]


def _lock(records: Iterable[Record]) -> Locked:
    """Those of `records` that nobody holds, read anew."""
    keys: dict[type[Record], list[Any]] = {}
    for record in records:
        keys.setdefault(type(record), []).append(record.pk)
    locked: Locked = {}
    for model, pks in keys.items():
        wanted = model._base_manager.filter(pk__in=among(model._meta.pk, pks))
        free = wanted.select_for_update(skip_locked=True, no_key=True, of=("self",))
        locked |= {(model, record.pk): record for record in free}
    return locked


def _stand_under(record: Record, roots: Locked, before: Record) -> None:
    """Give `record` the object in memory that was locked as its root, so that both are the same to whoever asks."""
    root = before.history_of()
    for name, near in before._state.fields_cache.items():
        field = record._meta.get_field(name)
        if near is root and getattr(record, field.attname) == root.pk:  # type: ignore[union-attr]
            record._state.fields_cache[name] = roots[type(root), root.pk]
