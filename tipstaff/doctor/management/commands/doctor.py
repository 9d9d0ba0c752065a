import json
import textwrap
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tipstaff.doctor import configuration, guards, parts, postgresql, storage
from tipstaff.doctor.result import FAILING, OK, WARNING, Check, Looked, run

CHECKS = [
    Check("postgresql", "PostgreSQL", postgresql.server),
    Check("roles", "Database roles", postgresql.who, asks_database=True),
    Check("rights", "What each role may do", postgresql.allowed, asks_database=True),
    Check("triggers", "What keeps history", guards.look, asks_database=True),
    Check("migrations", "Tables", postgresql.migrated, asks_database=True),
    Check("clocks", "Clocks", parts.clocks, asks_database=True),
    Check("broker", "Broker", parts.valkey),
    Check("workers", "Workers and beat", parts.workers, asks_database=True),
    Check("sequencer", "Sequencer and its key", parts.sequencer, asks_database=True),
    Check("vault", "Vault", storage.vault, asks_database=True),
    Check("scanner", "Malware scanner", storage.scanner),
    Check("disks", "Disks", storage.disks),
    Check("mail", "Mail server", parts.mail),
    Check("outbox", "Outbox and webhooks", parts.outbox, asks_database=True),
    Check("static", "Static files", storage.static),
    Check("settings", "Settings", configuration.look),
]
WORDS = {OK: "ok", WARNING: "warning", FAILING: "FAILING"}
WIDTH = 110


class Command(BaseCommand):
    help = (
        "Look at everything that Tipstaff stands on, and say what is wrong and what to do about it. Changes nothing. "
        "Ends with 1 if anything fails."
    )
    requires_system_checks = []  # they are part of what is looked at

    def add_arguments(self, parser: CommandParser) -> None:
        names = [check.name for check in CHECKS]
        parser.add_argument("checks", nargs="*", metavar="CHECK", help=f"only these, of {', '.join(names)}")
        parser.add_argument("--json", action="store_true", help="for machines")
        parser.add_argument("--send-mail", metavar="ADDRESS", help="send one test mail there as well")

    def handle(self, **options: Any) -> None:
        looked = []
        for one in run(self._chosen(options["checks"], options["send_mail"])):
            looked.append(one)
            if not options["json"]:
                self._show(one)
        states = [result.state for one in looked for result in one.results]
        worst = next((state for state in (FAILING, WARNING) if state in states), OK)
        if options["json"]:
            self.stdout.write(json.dumps({"status": worst, "checks": [one.as_json() for one in looked]}, indent=2))
        else:
            counted = ", ".join(f"{states.count(state)} {word}" for state, word in WORDS.items())
            self.stdout.write(f"\n{counted.lower()}.")
        if worst == FAILING:
            raise SystemExit(1)

    def _chosen(self, names: list[str], address: str | None) -> list[Check]:
        known = {check.name: check for check in CHECKS}
        if unknown := sorted(set(names) - known.keys()):
            raise CommandError(f"There is no check {', '.join(unknown)}. There are: {', '.join(known)}.")
        chosen = [check for check in CHECKS if not names or check.name in names]
        if address:
            chosen.append(Check("send-mail", "Test mail", lambda: parts.send_mail(address)))
        return chosen

    def _show(self, one: Looked) -> None:
        styles = {OK: self.style.SUCCESS, WARNING: self.style.WARNING, FAILING: self.style.ERROR}
        self.stdout.write(f"\n{one.check.title}")
        for result in one.results:
            head = styles[result.state](f"{WORDS[result.state]:<9}")
            first, *more = textwrap.wrap(result.sentence, WIDTH - 12)
            self.stdout.write(f"  {head} {first}")
            for line in more + ([f"→ {result.do}"] if result.do else []):
                self.stdout.write(textwrap.indent(textwrap.fill(line, WIDTH - 12), " " * 12))
