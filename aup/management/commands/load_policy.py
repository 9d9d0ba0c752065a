from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from aup.loading import draft_default
from aup.models import PolicyVersion
from tipstaff.workflow.actors import System


class Command(BaseCommand):
    help = "Draft the default policy, if it is not there yet. Publishing needs four people to sign."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.DEMO:
            self.stdout.write("In demo mode the demo's own story drafts the policy, in the past.")
            return
        known = set(PolicyVersion.objects.values_list("pk", flat=True))
        version = draft_default(System("load_policy"))
        counted = f"{version.rules.count()} rules, {len(version.matrix.cells)} matrix cells"
        verb = "is there already" if version.pk in known else "was drafted"
        self.stdout.write(
            f"{version.policy.title} {version.number} ({version.ref}) {verb}: {counted}, {version.state}."
        )
