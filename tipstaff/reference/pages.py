"""The pages of the reference by file name. Each is a function of the code alone, so that two runs agree."""

from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.utils import translation

from tipstaff.reference import api, environment, events, permissions, states

FOLDER = Path(settings.BASE_DIR) / "docs" / "reference"

PAGES: dict[str, Callable[[], str]] = {
    "states.md": states.page,
    "permissions.md": permissions.page,
    "events.md": events.page,
    "api.md": api.page,
    "settings.md": environment.page,
}


def written() -> dict[str, str]:
    """The text of every page by file name, in English."""
    with translation.override("en"):
        return {name: page().strip() + "\n" for name, page in PAGES.items()}


def stale(folder: Path = FOLDER) -> list[str]:
    """The names of the pages in `folder` that say something else than the code."""
    return [name for name, text in written().items() if not _says(folder / name, text)]


def _says(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text
