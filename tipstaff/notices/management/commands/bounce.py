"""`manage.py bounce`: take in a delivery status notification from the mail server, on standard input or from files."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from tipstaff.notices import bounces


class Command(BaseCommand):
    help = "Record that a mail came back. Give the mail server's report (RFC 3464) on standard input, or as files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="*", type=Path)

    def handle(self, *, files: list[Path], **_options: Any) -> None:
        """Say what was recorded. What is no report about a mail of ours is left alone and is no error: a mail server
        would only send it again.
        """
        if not files:
            self._tell(bounces.record(sys.stdin.buffer))
        for path in files:
            with path.open("rb") as file:
                self._tell(bounces.record(file))

    def _tell(self, message: Any) -> None:
        words = (
            f"{message.kind} about {message.about} came back: {message.last_error}" if message else "Nothing to record."
        )
        self.stdout.write(words)
