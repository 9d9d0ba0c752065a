from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tipstaff.vault import upkeep


class Command(BaseCommand):
    help = (
        "`vault verify` opens every sealed file and compares it with its digest. `vault rewrap` puts the key of every "
        "file under today's VAULT_KEY, when older ones stand in VAULT_KEY_FALLBACKS."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["verify", "rewrap"])

    def handle(self, **options: Any) -> None:
        act, tally = options["act"], upkeep.Tally()
        for fault in upkeep.verify(tally) if act == "verify" else upkeep.rewrap(tally):
            self.stderr.write(fault)
        if tally.unopened:
            raise CommandError(f"{tally.unopened} of {tally.files} files could not be opened.", returncode=30)
        if act == "verify":
            self.stdout.write(f"The vault holds: {tally.files} sealed files, each whole and as it was sealed.")
        else:
            self.stdout.write(
                f"{tally.moved} of {tally.files} files were put under today's key; none needs an older one."
            )
