"""Finding: what the investigator holds to be so about one rule, on which evidence."""

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.models import Rule
from cases.models import citing
from cases.models.case import Case
from cases.models.evidence import Evidence, case_claimed
from cases.models.hand import Hand
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

if TYPE_CHECKING:
    from cases.models.decision import Decision

FACTS_LIMIT = 5000


@references.register("finding")
class Finding(Record):
    class Conclusion(models.TextChoices):
        BREACH = "breach", gettext_lazy("The rule was broken")
        NO_BREACH = "no_breach", gettext_lazy("The rule was not broken")
        UNCLEAR = "unclear", gettext_lazy("It cannot be told")

    class Standard(models.TextChoices):
        """How sure of it the finder is: what it takes to hold that something happened."""

        BALANCE = "balance", gettext_lazy("More likely than not")
        CLEAR = "clear", gettext_lazy("Clear and convincing")

    case = models.ForeignKey(Case, models.PROTECT, related_name="findings")
    rule = models.ForeignKey(Rule, models.PROTECT, related_name="+")
    facts = models.TextField(gettext_lazy("facts"), max_length=FACTS_LIMIT)
    conclusion = models.CharField(gettext_lazy("conclusion"), max_length=12, choices=Conclusion)
    behaviour = models.CharField(
        gettext_lazy("whose behaviour it was"),
        max_length=10,
        choices=Case.Behaviour,
        default=Case.Behaviour.HUMAN,
        help_text=gettext_lazy("What the system did by itself is no breach by the account holder."),
    )
    standard = models.CharField(
        gettext_lazy("standard of proof"),
        max_length=10,
        choices=Standard,
        default=Standard.BALANCE,
        help_text=gettext_lazy("How sure the evidence makes you of these facts."),
    )
    gaps = models.TextField(gettext_lazy("what is not known"), max_length=2000, blank=True)
    exhibits = ArrayField(models.PositiveIntegerField(), default=list, blank=True)
    citations = ArrayField(models.CharField(max_length=24), default=list, blank=True, help_text="E-1#t12: a turn.")
    found_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    found_at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"

    class Meta:
        ordering = ["found_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(behaviour__in=["human", "system"], standard__in=["balance", "clear"]),
                name="finding_said_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.get_conclusion_display()

    def complete(self, *, actor: Actor) -> None:
        """Whoever cites a turn rests on its exhibit, whether they ticked it or not."""
        self.exhibits = sorted({*self.exhibits, *(exhibit for exhibit, _turn in map(citing.parts, self.citations))})
        self.case.take_part(self.found_by, Hand.Part.INVESTIGATED)

    @property
    def cited(self) -> list[tuple[str, str]]:
        """Each citation and the address of the turn."""
        return [(citation, citing.address(self.case, citation)) for citation in self.citations]

    @property
    def title(self) -> str:
        return f"{self.rule.code}: {self.get_conclusion_display()}"

    def history_of(self) -> Record:
        return self.case

    @operation(
        creates=True,
        permission=Permission.CASE_INVESTIGATE,
        guard=case_claimed,
        said=gettext_lazy("recorded a finding"),
    )
    def record(self, *, actor: Actor) -> None:
        """Write the finding down; it is not changed later, a further one is added."""
        known = dict(Evidence.objects.filter(case=self.case).values_list("exhibit", "file"))
        if unknown := set(self.exhibits) - set(known):
            raise Refused(_("There is no exhibit E-%(number)s in this case.") % {"number": min(unknown)})
        citing.refuse_unknown(self.citations, known)


def refuse_breach_by_system(decision: "Decision") -> None:
    """Refuse to hold against the account holder what the newest finding says the system did by itself."""
    newest = Finding.objects.filter(case=decision.case_id).order_by("-found_at", "-id").first()
    if newest is not None and newest.behaviour == Case.Behaviour.SYSTEM:
        raise Refused(
            _(
                "The newest finding says that the system did this: choose the outcome System behaviour, "
                "or record a finding that says why not."
            ),
            field="outcome",
        )
