"""What the models declare, read for the pages: records, their operations, and the words of their docstrings."""

import inspect
import sys
from collections.abc import Iterable, Iterator

from django.utils.text import capfirst

from tipstaff.permissions import LINK_SCOPES, TOKEN_SCOPES, Permission, Role, roles_with
from tipstaff.workflow import references
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import Operation, operations_of

HOUSE = ("accounts", "aup", "governance", "cases", "appeals", "oversight", "vault", "notices", "sla")


def records() -> list[type[Record]]:
    """Every record that the product registers and that has operations, in the order of the house; those that tests
    register are left out.
    """
    known = references.registered().values()
    found = [model for model in known if any(operations_of(model)) and not model.__module__.startswith("tests")]
    return sorted(found, key=lambda model: (_floor(model), model._meta.label))


def _floor(model: type[Record]) -> int:
    label = model._meta.app_label
    return HOUSE.index(label) if label in HOUSE else len(HOUSE)


def acts(model: type[Record]) -> Iterator[tuple[Operation, str, list[str]]]:
    """Each operation of `model` with the first sentence of its docstring and the names of its facts."""
    for operation in operations_of(model):
        body = inspect.unwrap(getattr(model, operation.name))
        facts = [name for name in inspect.signature(body).parameters if name not in {"self", "actor"}]
        yield operation, first_sentence(body.__doc__), facts


def about(model: type[Record]) -> str:
    """What a record is: the docstring of the model, or else of its module."""
    own = model.__doc__ or ""
    if own.startswith(f"{model.__name__}("):  # Django writes one where there is none
        own = ""
    said = first_paragraph(own or sys.modules[model.__module__].__doc__)
    return capfirst(said.removeprefix(f"{model.__name__}: "))


def first_paragraph(text: str | None) -> str:
    return " ".join(inspect.cleandoc(text or "").partition("\n\n")[0].split())


def first_sentence(text: str | None) -> str:
    paragraph = first_paragraph(text)
    sentence, dot, _rest = paragraph.partition(". ")
    return sentence + "." if dot else paragraph


def who(permission: Permission) -> str:
    """Who may have it: roles, links and tokens, in words."""
    names = [str(Role(role).label).lower() for role in roles_with(permission)]
    names += [f"link of a {scope}" for scope, allowed in LINK_SCOPES.items() if permission in allowed]
    if permission in TOKEN_SCOPES:
        names.append("token")
    return ", ".join(names) or "the system only"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [_row(head := list(head)), _row("---" for _ in head)]
    return "\n".join([*lines, *(_row(row) for row in rows)])


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
