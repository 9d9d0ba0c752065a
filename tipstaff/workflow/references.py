"""The one inversion of the house: a lower room names a higher thing by a string, and finds it here.

Each app registers its records; clocks, notices and the ledger can then name and link what they are about.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

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


def find_many(references: Iterable[str]) -> dict[str, "Record"]:
    """The records that `references` name, one query a prefix; unknown ones are left out."""
    wanted: dict[type[Record], set[str]] = {}
    for model, name in split(references):
        wanted.setdefault(model, set()).add(name)
    found = {}
    for model, names in wanted.items():
        for record in model._default_manager.filter(**{f"{model.reference_field}__in": names}):
            found[record.reference] = record
    return found


def split(references: Iterable[str]) -> "Iterator[tuple[type[Record], str]]":
    """The model and the name in each of `references`; what can name no record is left out."""
    for reference in references:
        prefix, _, name = reference.partition(":")
        model = _records.get(prefix)
        if model is not None and name and _is_possible(model, name):
            yield model, name


def _is_possible(model: type["Record"], name: str) -> bool:
    """False for what can name no record of `model`, such as a word where a UUID belongs."""
    try:
        model._meta.get_field(model.reference_field).to_python(name)  # type: ignore[union-attr]
    except ValidationError:
        return False
    return "\0" not in name
