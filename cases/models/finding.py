"""Finding: what the investigator holds to be so about one rule, on which evidence."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
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

FACTS_LIMIT = 5000


@references.register("finding")
class Finding(Record):
    class Conclusion(models.TextChoices):
        BREACH = "breach", gettext_lazy("The rule was broken")
        NO_BREACH = "no_breach", gettext_lazy("The rule was not broken")
        UNCLEAR = "unclear", gettext_lazy("It cannot be told")

    case = models.ForeignKey(Case, models.PROTECT, related_name="findings")
    rule = models.ForeignKey(Rule, models.PROTECT, related_name="+")
    facts = models.TextField(gettext_lazy("facts"), max_length=FACTS_LIMIT)
    conclusion = models.CharField(gettext_lazy("conclusion"), max_length=12, choices=Conclusion)
    gaps = models.TextField(gettext_lazy("what is not known"), max_length=2000, blank=True)
    exhibits = ArrayField(models.PositiveIntegerField(), default=list, blank=True)
    citations = ArrayField(models.CharField(max_length=24), default=list, blank=True, help_text="E-1#t12: a turn.")
    found_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    found_at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"

    class Meta:
        ordering = ["found_at"]

    def __str__(self) -> str:
        return self.get_conclusion_display()

    def complete(self, *, actor: Actor) -> None:
        """Whoever cites a turn rests on its exhibit, whether they ticked it or not."""
        self.exhibits = sorted({*self.exhibits, *(exhibit for exhibit, _turn in map(citing.parts, self.citations))})

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
        self.case.take_part(self.found_by, Hand.Part.INVESTIGATED)
