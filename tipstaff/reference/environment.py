"""`settings.md`: every variable of the environment, its default from the code, its words from `.env.example`."""

import ast
from pathlib import Path

from django.conf import settings

from tipstaff.reference.acts import table

HEAD = """# Settings

Written by `make reference` from `tipstaff/settings.py` and `.env.example`; `make check` fails when they differ.

Settings are variables of the environment; a file `.env` beside `manage.py` is read as well, and the environment wins.
`make run` sets the ones of its own services. A default in *italics* is computed.
"""

KINDS = {"str": "text", "int": "number", "float": "number", "bool": "0 or 1", "list": "comma-separated"}


def page() -> str:
    words = _words((Path(settings.BASE_DIR) / ".env.example").read_text(encoding="utf-8"))
    found = read((Path(settings.BASE_DIR) / "tipstaff" / "settings.py").read_text(encoding="utf-8"))
    rows = [[f"`{name}`", kind, default, words.get(name, "")] for name, (kind, default) in sorted(found.items())]
    return "\n\n".join([HEAD.strip(), table(["Variable", "Kind", "Default", "What it is"], rows)])


def read(source: str) -> dict[str, tuple[str, str]]:
    """The variables that a settings file reads by `env.<kind>("NAME", default=…)`: name → (kind, default)."""
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in KINDS:
            owner, first = node.func.value, node.args[0] if node.args else None
            if isinstance(owner, ast.Name) and owner.id == "env" and isinstance(first, ast.Constant):
                found[str(first.value)] = (KINDS[node.func.attr], _default(node))
    return found


def _default(call: ast.Call) -> str:
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "default"), None)
    if given is None:
        return "required"
    try:
        value = ast.literal_eval(given)
    except ValueError:
        return f"*{ast.unparse(given)}*"
    if isinstance(value, list):
        value = ",".join(str(part) for part in value)
    if isinstance(value, bool):
        value = int(value)
    return f"`{value}`" if value not in ("", None) else "empty"


def _words(example: str) -> dict[str, str]:
    """What the comment above each variable of `.env.example` says; one comment serves the lines right below it."""
    words: dict[str, str] = {}
    said: list[str] = []
    used = False
    for line in example.splitlines():
        if line.startswith("#"):
            said = [*([] if used else said), line.lstrip("# ").strip()]
            used = False
        elif line.strip():
            words[line.partition("=")[0]] = " ".join(said)
            used = True
        if line.startswith("# ---") or not line.strip():
            said = []
    return words
