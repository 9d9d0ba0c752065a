"""Hand: who had which part in a case. One person, one part: how duties are kept apart, by key and not by promise."""

from django.db import models
from django.utils.translation import gettext_lazy

from tipstaff.accounts.models import User


class Hand(models.Model):
    """A row says "this person had this part in this case". The primary key allows a person one part; decisions and
    appeals point at their row with composite foreign keys, so that plain SQL cannot put one person in two.
    """

    class Part(models.TextChoices):
        REPORTED = "reported", gettext_lazy("reported")
        INVESTIGATED = "investigated", gettext_lazy("investigated")
        CONFIRMED = "confirmed", gettext_lazy("confirmed")
        ISSUED = "issued", gettext_lazy("decided")
        REVIEWED_APPEAL = "reviewed_appeal", gettext_lazy("reviewed an appeal in")

    pk = models.CompositePrimaryKey("case_id", "person_id")
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="hands")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    part = models.CharField(max_length=20, choices=Part)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "person", "part"], name="hand_part")]

    def __str__(self) -> str:
        return f"{self.person} {self.get_part_display()}"
