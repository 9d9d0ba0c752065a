"""Where the bytes of a file lie in the vault directory, and what lies there that no file owns."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings

from tipstaff.time import now

UNCLAIMED_AFTER = timedelta(hours=24)  # an upload that takes longer has failed


def place_of(name: UUID) -> Path:
    return Path(settings.VAULT_DIR) / name.hex[-2:] / f"{name}.age"


def remove(name: UUID) -> None:
    """Take the bytes away; that they are gone already is fine."""
    place_of(name).unlink(missing_ok=True)


def lying_there() -> Iterator[tuple[UUID | None, Path]]:
    """Everything in the vault that is old enough to be judged, with the file whose bytes it holds; None for the part of
    an upload that never became a file.
    """
    oldest = (now() - UNCLAIMED_AFTER).timestamp()
    for path in Path(settings.VAULT_DIR).glob("??/*"):
        if path.stat().st_mtime > oldest:
            continue
        try:
            yield (UUID(path.stem) if path.suffix == ".age" else None), path
        except ValueError:
            yield None, path
