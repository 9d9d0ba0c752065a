"""Hand: who had which part in a case. One person, one part: how duties are kept apart, by key and not by promise."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.accounts.models import User
from tipstaff.workflow.refused import Refused

if TYPE_CHECKING:
    from cases.models.case import Case


class Hand(models.Model):
    """A row says "this person had this part in this case". The primary key allows a person one part; decisions and
    appeals point at their row with composite foreign keys, so that plain SQL cannot put one person in two. A row does
    not change, but for who judged and then confirms or issues.
    """

    class Part(models.TextChoices):
        REPORTED = "reported", gettext_lazy("reported")
        INVESTIGATED = "investigated", gettext_lazy("investigated")
        JUDGED = "judged", gettext_lazy("helped to judge")  # a claim, an interim measure, a proposal: no appeal then
        CONFIRMED = "confirmed", gettext_lazy("confirmed")
        ISSUED = "issued", gettext_lazy("decided")
        REVIEWED_APPEAL = "reviewed_appeal", gettext_lazy("reviewed an appeal in")
        STAYED_OUT = "stayed_out", gettext_lazy("stayed out of")  # by a conflict that they declared
        ASSESSED = "assessed", gettext_lazy("assessed what was put right in")

    pk = models.CompositePrimaryKey("case_id", "person_id")
    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="hands")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    part = models.CharField(max_length=20, choices=Part)

    class Meta:
        indexes = [  # what keeps somebody from being offered a case
            models.Index(fields=["person", "case"], condition=~models.Q(part="investigated"), name="hand_other_part")
        ]
        constraints = [models.UniqueConstraint(fields=["case", "person", "part"], name="hand_part")]

    def __str__(self) -> str:
        return f"{self.person} {self.get_part_display()}"

    @classmethod
    def taken(cls, case: "Case", person: User, part: str) -> str:
        """The part of `person` in the case, written down. Who judged something may go on to confirm or issue; to who
        has any other part already it is refused. Who reported a case is never named.
        """
        hand, _created = cls.objects.get_or_create(case=case, person=person, defaults={"part": part})
        if hand.part == part:
            return hand.part
        if hand.part == cls.Part.JUDGED and part in (cls.Part.CONFIRMED, cls.Part.ISSUED):
            cls.objects.filter(case=case, person=person).update(part=part)
            return part
        if part == cls.Part.JUDGED and hand.part in (cls.Part.CONFIRMED, cls.Part.ISSUED):
            return hand.part
        name = _("A colleague") if hand.part == cls.Part.REPORTED else str(person)
        raise Refused(
            _("%(name)s %(had)s this case and cannot also have another part in it.")
            % {"name": name, "had": cls.Part(hand.part).label}
        )

    @classmethod
    def may_judge(cls, case: "Case", actor: Any) -> str | None:
        """Why `actor` judges nothing in this case: they have a part that is none of judging; None if they may."""
        part = case.part_of(actor)
        if part in (None, cls.Part.JUDGED, cls.Part.CONFIRMED, cls.Part.ISSUED):
            return None
        return _("You %(part)s this case; someone else must do this.") % {"part": cls.Part(part).label}
