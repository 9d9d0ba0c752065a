from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from tipstaff.ledger.keys import KeyRefused
from tipstaff.ledger.rotation import rotate
from tipstaff.ledger.verify import Tally, verify


class Command(BaseCommand):
    help = (
        "`ledger verify` tests signatures, prev links, sequence and disclosures of every event. `ledger rotate-key` "
        "has the old signing key sign that a new one follows: stop the sequencers before, start them again after."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["verify", "rotate-key"])

    def handle(self, **options: Any) -> None:
        if options["act"] == "verify":
            self.verify()
        else:
            self.rotate_key()

    def rotate_key(self) -> None:
        try:
            old, new, kept = rotate(settings.LEDGER_KEY_FILE)
        except (KeyRefused, OSError, ValueError) as error:
            raise CommandError(f"The signing key stays as it is: {error}") from error
        self.stdout.write(f"{new} follows {old}, which signed that it does and is kept in {kept}.")

    def verify(self) -> None:
        tally, faults = Tally(), 0
        with transaction.atomic(), connection.cursor() as cursor:
            # One snapshot: what is signed meanwhile must not look like a fault.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            for fault in verify(tally):
                faults += 1
                self.stderr.write(str(fault))
        counted = f"{tally.leaves} signed events, {tally.pending} waiting to be signed, {tally.erased} facts erased"
        if faults:
            raise CommandError(f"{faults} faults in {counted}.", returncode=30)
        self.stdout.write(f"The ledger holds: {counted}. Every signature, link and number is right.")
