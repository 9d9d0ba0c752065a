from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

from tipstaff.ledger import roles


class Command(Migrate):
    help = "Migrate as the owner role, then give every role exactly its rights."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        using = options["database"]
        try:
            roles.ensure(connections[using])
        except roles.RolesMissing as error:
            raise CommandError(str(error)) from error
        super().handle(*args, **options)
        if not (options.get("plan") or options.get("check_unapplied")):
            call_command("createcachetable", database=using, verbosity=0)
            roles.grant(using)
        if settings.DATABASES[using]["USER"] == roles.APP:
            self.stderr.write("Warning: migrating as the application's own role leaves its history unprotected.")
