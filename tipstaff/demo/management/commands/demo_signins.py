from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from tipstaff.demo.people import PASSWORD, PEOPLE


class Command(BaseCommand):
    help = "Print the demo sign-ins."

    def handle(self, **options: Any) -> None:
        if not settings.DEMO:
            self.stdout.write("There are no demo sign-ins outside demo mode.")
            return
        for person in PEOPLE:
            self.stdout.write(f"  {person.email:<28} {person.name:<24} {person.role_label}")
        self.stdout.write(f"  The password of each is {PASSWORD}. On a page, “Sign in as” takes one click.")
