from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from aup.models import PolicyVersion
from aup.policy_file import file_of
from tipstaff.time import now


class Command(BaseCommand):
    help = "Write a whole version of the policy as one YAML file. Without a reference it is the version in force."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("version", nargs="?", help="Its reference (P-…) or its number.")
        parser.add_argument("--output", help="Write into this file instead of to the screen.")

    def handle(self, *args: Any, **options: Any) -> None:
        wish = options["version"]
        if wish is None:
            version = PolicyVersion.objects.in_force(now())
        else:
            version = PolicyVersion.objects.filter(ref=wish.upper()).first()
            version = version or PolicyVersion.objects.filter(number=wish).first()
        if version is None:
            raise CommandError(f"There is no version {wish}." if wish else "No version is in force.")
        text = file_of(version)
        if options["output"]:
            Path(options["output"]).write_text(text, encoding="utf-8", newline="")
        else:
            self.stdout.write(text, ending="")
