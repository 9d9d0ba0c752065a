"""What became of the control tasks that decisions about systems made."""

from governance.models import AISystem, ControlTask
from tipstaff.demo.story.prose import governance
from tipstaff.demo.story.stage import Stage
from tipstaff.time import moved_to


def told(stage: Stage) -> None:
    """After the cases: of the oldest, one is done and one set aside; the next has a system, and the others wait."""
    said, compliance = governance()["tasks"], stage.people["compliance"]
    systems = list(AISystem.objects.filter(state=AISystem.State.APPROVED).order_by("name"))
    oldest = ControlTask.objects.order_by("raised_at", "rule")[:3]
    for place, task in enumerate(oldest):
        with moved_to(max(task.raised_at, stage.days_ago(3 - place))):
            if place == 1:
                task.dismiss(actor=compliance, said=said["dismissed"])
                continue
            system = systems[place % len(systems)]
            task.assign(actor=compliance, system=system)
            if place == 0:
                task.finish(actor=system.owner, said=said["done"])
