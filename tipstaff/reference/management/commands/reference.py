"""`manage.py reference` writes docs/reference/ from the code; `--check` says which pages are stale and ends with 1."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tipstaff.reference.pages import FOLDER, stale, written


class Command(BaseCommand):
    help = "Write docs/reference/ from what the code declares."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; end with 1 if a page is stale")

    def handle(self, *, check: bool, **options: Any) -> None:
        if check:
            if old := stale():
                raise CommandError(f"Stale in docs/reference/: {', '.join(old)}. Run `make reference` and commit.")
            return
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, text in written().items():
            (FOLDER / name).write_text(text, encoding="utf-8")
            self.stdout.write(f"docs/reference/{name}")
