"""What few cases have, read with the row of the case: each kind as one array of JSON, so that the page of a case in
which everything happened costs no query for each (DESIGN 8). The rows come back as the models they are.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject

from tipstaff.accounts.models import User

PERSON = ("id", "email", "name", "roles", "is_active")  # what pages and guards ask of a person, as its columns follow


def packed(rows: models.QuerySet[Any], *people: str) -> ArraySubquery:
    """An annotation: all columns of `rows`, which name the row outside by OuterRef, and of the `people` behind them."""
    columns: dict[str, Any] = {field.attname: models.F(field.attname) for field in rows.model._meta.concrete_fields}
    known = {f"{link}__{name}": models.F(f"{link}__{name}") for link in people for name in PERSON}
    return ArraySubquery(rows.values(whole=JSONObject(**columns, **known)))


def ready(model: type[models.Model], words: models.Expression) -> RawSQL:
    """An annotation of rows of `model` that names nothing but its columns, as the SQL that it becomes."""
    sql, values = model._base_manager.order_by().values(ready=words).query.sql_with_params()
    table = f'FROM "{model._meta.db_table}"'
    head, tail = "SELECT ", f' AS "ready" {table}'
    if not (sql.startswith(head) and sql.endswith(tail)):
        raise ValueError(f"Not an annotation by itself: {sql}")
    return RawSQL(sql[len(head) : -len(tail)], values, words.output_field)  # noqa: S611  Django wrote it


def unpacked(model: type[models.Model], found: Iterable[dict[str, Any]], *people: str) -> list[Any]:
    """The rows of `packed`, as a query would have given them."""
    return [_made(model, row, people) for row in found]


def _made(model: type[models.Model], row: dict[str, Any], people: Iterable[str]) -> Any:
    fields = model._meta.concrete_fields
    made = model.from_db("default", [one.attname for one in fields], [_value(one, row[one.attname]) for one in fields])
    for link in people:
        if row[f"{link}__id"] is not None:
            told = [_value(User._meta.get_field(name), row[f"{link}__{name}"]) for name in PERSON]
            setattr(made, link, User.from_db("default", PERSON, told))
    return made


def _value(field: Any, said: Any) -> Any:
    """JSON knows no instants, days and UUIDs; the field does."""
    return field.target_field.to_python(said) if field.remote_field else field.to_python(said)
