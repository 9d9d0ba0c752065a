"""The column a record's state stands in."""

from typing import Any

from django_fsm import FSMField


class StateField(FSMField):
    """django-fsm-2's field, which migrations know as the plain text that it is. As itself it would look for operations
    in every class of every state that a migration passes through: half the time a new database takes.
    """

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs
