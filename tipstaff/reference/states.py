"""`states.md`: each record, the states it can be in, and the operations that move it."""

from typing import Any

from tipstaff.reference.acts import about, acts, first_sentence, records, table, who
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import Operation

HEAD = """# States and operations

Written by `make reference` from the declarations in the code; `make check` fails when they differ.

Each record changes only by the operations listed under it. *Who* names those whose permission allows the act; a
condition, where one is named, may still refuse and says why in a sentence. What is computed from stored times (in
force, expired, active, late) is no state and stands in no diagram.
"""


def page() -> str:
    return "\n\n".join([HEAD.strip(), *(_record(model) for model in records())])


def _record(model: type[Record]) -> str:
    parts = [f"## {model.__name__}", about(model)]
    if hasattr(model, "state"):
        parts.append(_diagram(model))
    parts.append(table(["Operation", "From", "To", "Permission", "Who", "Condition", "What it does"], _rows(model)))
    return "\n\n".join(part for part in parts if part)


def _rows(model: type[Record]) -> list[list[str]]:
    return [
        [
            f"`{operation.name}`",
            "new" if operation.creates else _words(operation.source),
            operation.target or ("" if not operation.creates else _initial(model)),
            f"`{operation.permission}`",
            who(operation.permission),
            _condition(operation),
            does,
        ]
        for operation, does, _facts in acts(model)
    ]


def _words(states: tuple[str, ...]) -> str:
    return "any" if "*" in states else ", ".join(states)


def _initial(model: type[Record]) -> str:
    return str(_state_field(model).get_default()) if hasattr(model, "state") else ""


def _state_field(model: Any) -> Any:
    return model._meta.get_field("state")


def _condition(operation: Operation) -> str:
    if operation.guard is None:
        return ""
    return first_sentence(operation.guard.__doc__) or operation.guard.__name__.strip("_").replace("_", " ")


def _diagram(model: type[Record]) -> str:
    lines = [f"    [*] --> {_initial(model)}"]
    states = [value for value, _label in _state_field(model).choices]
    for operation, _does, _facts in acts(model):
        if operation.target:
            sources = states if "*" in operation.source else operation.source
            lines += [f"    {source} --> {operation.target} : {operation.name}" for source in sources]
    return "```mermaid\nstateDiagram-v2\n" + "\n".join(lines) + "\n```"
