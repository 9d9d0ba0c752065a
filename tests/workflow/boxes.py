"""Two records that exist for these tests alone: boxes that open and shut, and cards that stand in a box's history."""

from collections.abc import Callable
from typing import Any

from django.db import models
from django.test.utils import isolate_apps
from django_fsm import FSMField

from tipstaff.permissions import Permission
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor, LinkHolder, System
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

SYSTEM = System("tests")
STRANGER = LinkHolder("reporter")  # may REPORT_FILE and not CASE_LEAD
before_tests = references.registered()


def not_sealed(box: "Box", actor: Actor) -> str | None:
    return "The box is sealed." if box.note == "sealed" else None


with isolate_apps("tipstaff.workflow"):

    @references.register("box")
    class Box(Record):
        ref = models.CharField(max_length=20, unique=True)
        state = FSMField(max_length=10, choices=[("open", "Open"), ("shut", "Shut")], default="open")
        note = models.CharField(max_length=20, blank=True)
        weight = models.IntegerField(default=0)
        then: tuple[Callable[["Box"], Any], ...] = ()  # what else happens inside `create` and `close`

        class Meta:
            app_label = "workflow"
            constraints = [models.CheckConstraint(condition=models.Q(weight__gte=0), name="box_weight")]

        @operation(creates=True, permission=Permission.REPORT_FILE)
        def create(self, *, actor: Actor) -> None:
            """Bring it into being."""
            self._go_on()

        @operation(source="open", target="shut", permission=Permission.REPORT_FILE, guard=not_sealed)
        def close(self, *, actor: Actor) -> str:
            """Close it."""
            self.note = "shutting"
            self._go_on()
            return "shut it"

        @operation(source="shut", target="open", permission=Permission.CASE_LEAD)
        def open(self, *, actor: Actor) -> None:
            """Open it again."""

        @operation(permission=Permission.REPORT_FILE, guard=not_sealed)
        def weigh(self, *, actor: Actor, weight: Any) -> None:
            """An act without a move."""
            self.weight = weight

        def _go_on(self) -> None:
            for act in self.then:
                act(self)

    @references.register("card")
    class Card(Record):
        """Without a state, and in the history of its box."""

        box = models.ForeignKey(Box, models.PROTECT, related_name="cards")
        text = models.CharField(max_length=20)
        reference_field = "id"

        class Meta:
            app_label = "workflow"

        def history_of(self) -> Record:
            return self.box

        @operation(creates=True, permission=Permission.REPORT_FILE)
        def add(self, *, actor: Actor) -> None:
            """Put it into the box."""
            if self.box.state == "shut":
                raise Refused("The box is shut.")

        @operation(permission=Permission.REPORT_FILE)
        def change(self, *, actor: Actor, text: str) -> None:
            """Write something else on it."""
            self.text = text


REGISTERED = {prefix: model for prefix, model in references.registered().items() if prefix not in before_tests}
for prefix in REGISTERED:
    references._records.pop(prefix)  # the product's own registry stays as it is; `conftest.boxes` adds them for a test
