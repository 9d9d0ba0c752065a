"""`permissions.md`: who may do what, by role, by link and by token."""

from tipstaff.permissions import BUNDLES, LINK_SCOPES, TOKEN_SCOPES, Permission, Role
from tipstaff.reference.acts import acts, records, table, who

HEAD = """# Permissions

Written by `make reference` from `tipstaff/permissions.py`; `make check` fails when they differ.

A permission opens a door. Whether an act is possible then still depends on the state of the record and on its
conditions: nobody decides what they reported or investigated, whatever their roles ([states](states.md)).
"""


def page() -> str:
    return "\n\n".join(
        [HEAD.strip(), "## What each permission allows", _permissions(), "## Roles", _roles(), _others()]
    )


def _permissions() -> str:
    operations: dict[Permission, list[str]] = {permission: [] for permission in Permission}
    for model in records():
        for operation, _does, _facts in acts(model):
            operations[operation.permission].append(f"{model.__name__}.{operation.name}")
    rows = [
        [f"`{permission}`", who(permission), ", ".join(f"`{name}`" for name in names)]
        for permission, names in operations.items()
    ]
    return table(["Permission", "Who", "Operations it opens, besides pages"], rows)


def _roles() -> str:
    rows = [
        [str(Role(role).label), ", ".join(f"`{p}`" for p in Permission if p in allowed)]
        for role, allowed in BUNDLES.items()
    ]
    return table(["Role", "Permissions"], rows)


def _others() -> str:
    scopes = ", ".join(f"`{p}`" for p in Permission if p in TOKEN_SCOPES)
    rows = [[scope, ", ".join(f"`{p}`" for p in Permission if p in allowed)] for scope, allowed in LINK_SCOPES.items()]
    return "\n\n".join(
        [
            "## Links",
            "Who holds a signed link or a receipt code has no account: the link's scope is what they may do.",
            table(["Scope", "Permissions"], rows),
            "## Tokens",
            f"A token carries some of these scopes and nothing else: {scopes}.",
        ]
    )
