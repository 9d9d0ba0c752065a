from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from aup.policy_file import PolicyFile
from tipstaff.workflow.actors import System
from tipstaff.workflow.refused import Refused


class Command(BaseCommand):
    help = "Draft a version of the policy from one YAML file, or say what is wrong with the file, line by line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file")
        parser.add_argument("--number", default="", help="Give the draft this number instead of the file's.")
        parser.add_argument("--check", action="store_true", help="Only say whether the file could be drafted.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            raw = Path(options["file"]).read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error
        given = PolicyFile.read(raw)
        for fault in given.faults:
            self.stderr.write(f"line {fault.line}: {fault.text}")
        if given.faults:
            raise CommandError(f"{options['file']}: {len(given.faults)} faults; nothing was drafted.")
        if options["check"]:
            self.stdout.write(f"{options['file']} has no faults.")
            return
        try:
            version = given.draft(actor=System("import_policy"), number=options["number"])
        except Refused as refused:
            raise CommandError(str(refused)) from refused
        counted = f"{version.rules.count()} rules, {len(version.matrix.cells)} matrix cells"
        self.stdout.write(f"{version.policy.title} {version.number} ({version.ref}) was drafted: {counted}.")
