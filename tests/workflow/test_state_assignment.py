"""The house rules that only the syntax tree can show: state moves in `@operation` alone, and bodies stay small."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django_fsm import FSMFieldMixin

from tipstaff.workflow import references
from tipstaff.workflow.operations import operations_of

ROOT = Path(settings.BASE_DIR)
HOUSE = ("tipstaff", "aup", "cases", "appeals", "oversight", "governance")
SOURCES = sorted(
    path
    for room in HOUSE
    for path in (ROOT / room).rglob("*.py")
    if "migrations" not in path.parts and path.parent != ROOT / "tipstaff" / "workflow"
)
BODY_LINES = 25
NETWORK = {
    "requests",
    "urllib",
    "httpx",
    "smtplib",
    "socket",
    "http",
    "subprocess",
    "request",
    "send_mail",
    "EmailMessage",
}
ACTS = [
    pytest.param(getattr(model, act.name), id=f"{model.__name__}.{act.name}")
    for model in references.registered().values()
    for act in operations_of(model)
]


def assignments(tree: ast.AST) -> Iterator[ast.AST]:
    """Where `.state` is given a value: `x.state = …`, `setattr(x, "state", …)`, `….update(state=…)`, `bulk_update`."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr="state", ctx=ast.Store() | ast.Del()):
                yield node
            case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value="state"), *_]):
                yield node
            case ast.Call(
                func=ast.Attribute(attr="update" | "update_or_create" | "bulk_create"), keywords=keywords
            ) if any(keyword.arg == "state" for keyword in keywords):
                yield node
            case ast.Call(func=ast.Attribute(attr="bulk_update"), args=[_, ast.List(elts=names), *_]) if any(
                isinstance(name, ast.Constant) and name.value == "state" for name in names
            ):
                yield node


@pytest.mark.parametrize(
    "line",
    [
        "case.state = 'open'",
        "self.case.state: str = 'open'",
        "a, case.state = 1, 2",
        "setattr(case, 'state', 'open')",
        "Case.objects.filter(pk=1).update(state='open')",
        "Case.objects.bulk_update(cases, ['due_at', 'state'])",
        "del case.state",
    ],
)
def test_the_check_sees_it(line: str) -> None:
    assert list(assignments(ast.parse(line)))


@pytest.mark.parametrize("line", ["state = 'open'", "case.state == 'open'", "Case.objects.filter(state='open')"])
def test_the_check_leaves_the_rest(line: str) -> None:
    assert not list(assignments(ast.parse(line)))


def test_nothing_but_an_operation_moves_state() -> None:
    assert len(SOURCES) > 50
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        for node in assignments(ast.parse(path.read_text()))
    ]
    assert found == []


def test_no_state_is_protected_which_would_be_unprotected_for_all_by_one_failed_refresh() -> None:
    fields = [field for model in references.registered().values() for field in model._meta.fields]
    states = [field for field in fields if isinstance(field, FSMFieldMixin)]
    assert states
    assert not [field for field in states if field.protected]


@pytest.mark.parametrize("act", ACTS)
def test_an_operation_says_what_it_does_and_does_little(act: object) -> None:
    body = inspect.unwrap(act)
    assert inspect.getdoc(body), "It has no docstring."
    tree = ast.parse(textwrap.dedent(inspect.getsource(body))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    statements = tree.body[1:]
    lines = statements[-1].end_lineno - statements[0].lineno + 1 if statements else 0
    assert lines <= BODY_LINES, f"It is {lines} lines long."
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    assert not names & NETWORK, "It has network or a request in it."
    signature = inspect.signature(body).parameters
    assert [name for name, given in signature.items() if given.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD] == [
        "self"
    ]
    assert "actor" in signature
