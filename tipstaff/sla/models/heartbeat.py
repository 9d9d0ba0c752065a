"""Heartbeat: a row a periodic job, so that its silence is seen."""

from django.db import models

from tipstaff.time import now


class Heartbeat(models.Model):
    """When a periodic job last ran; `/readyz` and the operator look here."""

    name = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def beat(cls, name: str) -> None:
        """Say that the job `name` ran now."""
        Heartbeat.objects.bulk_create(
            [Heartbeat(name=name, at=now())], update_conflicts=True, unique_fields=["name"], update_fields=["at"]
        )
