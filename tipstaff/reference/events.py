"""`events.md`: every kind of event that the ledger can hold."""

from tipstaff.reference.acts import acts, records, table
from tipstaff.workflow.operations import past

HEAD = """# Events

Written by `make reference` from the declarations in the code; `make check` fails when they differ.

One operation writes one event, in the transaction of the change. Its kind is the record's prefix and the past form of
the operation. Every event tells `actor.kind` and `actor.ref`, `about.ref` and `about.id`, its facts as `facts.<name>`,
and each column that changed as `changes.<column>: [before, after]`. A record is told by its reference, a file by its
SHA-256. Each of these is a disclosure of its own in the signed leaf, so that a copy can leave one out and still verify.
"""

APART = [
    ["`access.refused`", "somebody tried what their roles do not allow", "`permission`"],
    ["`export.created`", "a history was taken away", "`format`"],
]


def page() -> str:
    parts = [HEAD.strip()]
    for model in records():
        rows = [
            [
                f"`{model.reference_prefix}.{past(operation.name)}`",
                f"{operation.said}",
                ", ".join(f"`{name}`" for name in facts),
            ]
            for operation, _does, facts in acts(model)
        ]
        if rows:
            parts += [f"## {model.__name__}", table(["Kind", "In the history: who …", "Facts"], rows)]
    parts += ["## Not of a record", table(["Kind", "When", "Facts"], APART)]
    return "\n\n".join(parts)
