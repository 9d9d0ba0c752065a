"""The random keys and passwords of one data directory, made once and kept, so that links survive a restart."""

import os
import secrets
from pathlib import Path

from tipstaff.demo.processes import Trouble

NAMES = (
    "SECRET_KEY",
    "VAULT_KEY",
    "LINK_KEY",
    "ADMIN_PASSWORD",
    "OWNER_PASSWORD",
    "APP_PASSWORD",
    "SEQUENCER_PASSWORD",
    "ERASER_PASSWORD",
    "VALKEY_PASSWORD",
)


def write_private(path: Path, pairs: dict[str, str]) -> None:
    """Write `NAME='value'` lines that only we may read: whole or not at all, whenever we are killed."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}='{value}'\n" for name, value in pairs.items())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def read(path: Path) -> dict[str, str]:
    """The pairs of such a file; none when it is not there."""
    if not path.exists():
        return {}
    lines = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value.strip("'") for name, found, value in lines if found}


def keep(home: Path) -> dict[str, str]:
    """The keys of this data directory, made on first use."""
    path = home / "secrets.env"
    known = read(path)
    missing = [name for name in NAMES if not known.get(name)]
    if missing and (home / "postgres").exists():
        raise Trouble(
            f"{path} is missing or lacks {', '.join(missing)}, and the data beside it cannot be read without: put the "
            f"file back, or move {home} away to start afresh."
        )
    if missing:
        known |= {name: secrets.token_urlsafe(36) for name in missing}
        write_private(path, known)
    return known
