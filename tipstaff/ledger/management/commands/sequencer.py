import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connections

from tipstaff.ledger import keys
from tipstaff.ledger.sequencer import sequence


class Command(BaseCommand):
    help = "Sign events as they are committed. Runs until stopped; --once signs what is pending and ends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true")
        parser.add_argument("--pause", type=float, default=1.0, help="seconds to wait when nothing is pending")

    def handle(self, **options: Any) -> None:
        try:
            kid, key = keys.load_or_create(settings.LEDGER_KEY_FILE)
        except (keys.KeyRefused, OSError, ValueError) as error:
            raise CommandError(f"The signing key cannot be read: {error}") from error
        if options["once"]:
            while sequence(kid=kid, key=key):
                pass
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            try:
                signed = sequence(kid=kid, key=key)
            except OperationalError as error:
                self.stderr.write(f"The database does not answer, trying again: {error}".strip().splitlines()[0])
                connections["sequencer"].close()
                signed = 0
            if not signed:
                stop.wait(options["pause"])
