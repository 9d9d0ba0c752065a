"""The one inversion of the house: a lower room names a higher thing by a string, and finds it here.

Each app registers its records; clocks, notices and the ledger can then name and link what they are about.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Concat

if TYPE_CHECKING:
    from tipstaff.workflow.models import Record

_records: dict[str, type["Record"]] = {}


def register[R: "Record"](prefix: str) -> Callable[[type[R]], type[R]]:
    """Class decorator: records of this model are referred to as `prefix:REF` and have streams `prefix:<uuid>`."""

    def keep(model: type[R]) -> type[R]:
        if prefix in _records and _records[prefix].__qualname__ != model.__qualname__:
            raise ValueError(f"The reference prefix {prefix} belongs to {_records[prefix].__name__} already.")
        model.reference_prefix = prefix
        _records[prefix] = model
        return model

    return keep


def registered() -> dict[str, type["Record"]]:
    return dict(_records)


def find(reference: str) -> "Record | None":
    """The record that `reference` (`case:C-0001`) names, or None if it is unknown or gone."""
    return find_many([reference]).get(reference)


def find_many(references: Iterable[str], *, seen_by: Any = None) -> dict[str, "Record"]:
    """The records that `references` name, one query a prefix; unknown ones are left out. With `seen_by`, only what
    that actor may see, joined with what a list of them says.
    """
    wanted: dict[type[Record], set[str]] = {}
    for model, name in split(references):
        wanted.setdefault(model, set()).add(name)
    found = {}
    for model, names in wanted.items():
        rows: Any = model._default_manager.filter(**{f"{model.reference_field}__in": names})
        for record in rows if seen_by is None else _in_sight(rows, seen_by):
            found[record.reference] = record
    return found


def split(references: Iterable[str]) -> "Iterator[tuple[type[Record], str]]":
    """The model and the name in each of `references`; what can name no record is left out."""
    for reference in references:
        prefix, _, name = reference.partition(":")
        model = _records.get(prefix)
        if model is not None and name and _is_possible(model, name):
            yield model, name


def _in_sight(rows: Any, person: Any) -> Any:
    """Those of `rows` that `person` may see, with their owners; none of a kind that does not say who may."""
    seen = rows.visible_to(person) if hasattr(rows, "visible_to") else rows.none()
    joined = [*rows.model.listed_with, *filter(None, [rows.model.owner_field])]
    return seen.select_related(*joined) if joined else seen


def in_hands_of(person: Any, column: str) -> Q:
    """That `column` names something that `person` works on or worked on, of the kinds that say so."""
    return _named(column, "in_hands_of", person)


def about_own(person: Any, column: str, *, but: str = "") -> Q:
    """That `column` names something about an account of `person`'s own, of the kinds that say so, `but` for one."""
    return _named(column, "about_own", person, but)


def _named(column: str, kept: str, person: Any, but: str = "") -> Q:
    """That `column` names a record of those that the queryset method `kept` of its kind leaves for `person`."""
    theirs = Q(pk__in=[])
    for prefix, model in _records.items():
        if prefix != but and hasattr(model._default_manager, kept):
            name = Concat(Value(f"{prefix}:"), F(model.reference_field), output_field=CharField())
            rows: Any = getattr(model._default_manager, kept)(person)
            theirs |= Q(**{f"{column}__in": rows.order_by().values_list(name)})
    return theirs


def _is_possible(model: type["Record"], name: str) -> bool:
    """False for what can name no record of `model`, such as a word where a UUID belongs."""
    try:
        model._meta.get_field(model.reference_field).to_python(name)  # type: ignore[union-attr]
    except ValidationError:
        return False
    return "\0" not in name
