"""What the pages of the vault may link to."""

from typing import Any

from tipstaff.workflow.models import Record


def in_sight(person: Any, record: Record | None) -> Record | None:
    """The record where this person may open its page; its reference is shown in any case."""
    if record is None or not record.get_absolute_url():
        return None
    known: Any = type(record)._default_manager
    return record if known.visible_to(person).filter(pk=record.pk).exists() else None
