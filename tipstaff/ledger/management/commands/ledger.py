from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction

from tipstaff.ledger.verify import Tally, verify


class Command(BaseCommand):
    help = "Check the ledger: `ledger verify` tests signatures, prev links, sequence and disclosures of every event."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["verify"])

    def handle(self, **options: Any) -> None:
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
