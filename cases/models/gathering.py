"""Gathering: which matter a report is about, and the one open case there is of it. A matter is an account and a group
of rules; where nobody's account did it, the system that did, as far as it is known, and a group of rules.
"""

from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.evaluation import severities
from aup.models import Rule
from governance.models import AISystem
from tipstaff.accounts.models import Subject
from tipstaff.time import now
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.refused import Refused


class Behaviour(models.TextChoices):
    HUMAN = "human", gettext_lazy("What a person did")
    SYSTEM = "system", gettext_lazy("What the system did")


class Gathering(models.Model):
    behaviour = models.CharField(max_length=10, choices=Behaviour, default=Behaviour.HUMAN)
    system = models.ForeignKey(
        AISystem,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="The system that did it, where no account did and the system is known.",
    )

    class Meta:
        abstract = True

    @property
    def system_in_use(self) -> AISystem | None:
        """The system that it is about, if somebody answers for it still."""
        retired = self.system is None or self.system.state == AISystem.State.RETIRED
        return None if retired else self.system

    @classmethod
    def gather(
        cls: Any,
        *,
        actor: Actor,
        subject: Subject | None,
        rule: Rule,
        severity: int,
        trust: int = 0,
        system: AISystem | None = None,
    ) -> Any:
        """The open case of this account and rule group, opened now if there is none; without an account that of the
        `system` and rule group, or of those that nobody knows the system of. Whoever loses the race joins.
        """
        if subject is not None and system is not None:
            raise Refused(_("Say whose account did it or which system, not both."))
        behaviour = Behaviour.SYSTEM if subject is None else Behaviour.HUMAN
        case = cls(subject=subject, system=system, behaviour=behaviour, rule=rule, rule_group=rule.group.code)
        known = case.same_matter().first()
        if known is not None:
            return known
        case.severity, case.trust, case.opened_at = severity, trust, now()
        try:
            with transaction.atomic():
                case.open(actor=actor)
        except IntegrityError:
            return case.same_matter().get()
        return case

    def same_matter(self: Any) -> Any:
        """The open cases of the same matter: one at most, by two unique indexes."""
        about = {"subject": self.subject} if self.subject else {"subject": None, "system": self.system}
        return type(self).objects.open_now().filter(rule_group=self.rule_group, **about)

    def is_matter_of(self: Any, subject: Subject | None, system: AISystem | None, rule: Rule) -> bool:
        """Whether a report about these belongs here."""
        about = (subject, None if subject else system, rule.group.code)
        return (self.subject, None if self.subject else self.system, self.rule_group) == about


def severity_refused(rule: Rule, severity: int) -> str | None:
    """Why nothing is of this severity under `rule`: the matrix grades its own and its neighbours. None if it does."""
    levels = severities(rule.facts, rule.version.matrix.document)
    if severity in levels:
        return None
    return _("Under %(rule)s the matrix grades severities %(least)s to %(most)s.") % {
        "rule": rule.code,
        "least": levels[0],
        "most": levels[-1],
    }
