from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tipstaff.demo import story
from tipstaff.demo.story.hands import at_hand

WORTH_TWO_HANDS = 0.5  # of the story


class Command(BaseCommand):
    help = "Fill an empty demo with people, a published policy, and reports, cases, decisions and appeals."

    def handle(self, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo data is made in demo mode only: set DEMO=1 on a database of its own.")
        hands = at_hand() if settings.DEMO_STORY >= WORTH_TWO_HANDS else 1
        self.stdout.write(story.tell(self._say, scale=settings.DEMO_STORY, hands=hands))

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
