"""Databases that hold the boxes and cards of `tests/workflow/boxes.py`."""

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def template_with_boxes(template: str, django_db_blocker: Any) -> str:
    from django.db import connections

    from tests.conftest import on_a_clone
    from tests.workflow.boxes import Box, Card
    from tipstaff.ledger import roles

    with django_db_blocker.unblock(), on_a_clone(template) as name:
        with connections["owner"].schema_editor() as editor:
            editor.create_model(Box)
            editor.create_model(Card)
        roles.grant("owner")
    return name


@pytest.fixture
def boxes(template_with_boxes: str, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database with boxes and cards, where commits are real."""
    from tests.conftest import drop, on_a_clone
    from tests.workflow.boxes import REGISTERED
    from tipstaff.workflow import references

    for prefix, model in REGISTERED.items():
        monkeypatch.setitem(references._records, prefix, model)
    with django_db_blocker.unblock(), on_a_clone(template_with_boxes) as name:
        yield name
    drop(name)
