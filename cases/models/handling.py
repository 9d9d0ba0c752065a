"""How strictly a case is handled: as the strictest rule asks that anything in it was reported or decided under. That
never becomes lighter again, by trigger: what the law keeps sealed stays that, whatever else is gathered beside it.
"""

from datetime import datetime
from typing import Any

from django.db import models

from aup.models import Rule
from cases import silence
from cases.models import timing
from tipstaff.workflow.actors import Actor

STRICTER = list(Rule.Handling.values)  # from what reviewers may open to what they are never shown


class Handled(models.Model):
    handling = models.CharField(
        max_length=20, choices=Rule.Handling, default=Rule.Handling.STANDARD, db_default=Rule.Handling.STANDARD.value
    )
    refers = models.BooleanField(
        default=False, db_default=False, help_text="A rule that something in it falls under makes referral compulsory."
    )

    class Meta:
        abstract = True

    @property
    def content_is_sealed(self) -> bool:
        """Whether its evidence, and what reporters wrote, is for custodians only."""
        return self.handling == Rule.Handling.SEALED

    @property
    def needs_care(self: Any) -> bool:
        """Whether what it holds weighs on whoever looks at it, and is shown to nobody who did not ask for it."""
        return self.severity >= 4 or self.handling != Rule.Handling.STANDARD

    def falls_under(self, rule: Rule) -> bool:
        """Handle the case as `rule` asks, if that is stricter. Whether referral became compulsory by it."""
        self.handling = max(self.handling, rule.content_handling, key=STRICTER.index)
        owed = rule.legal_referral == Rule.Referral.MANDATORY and not self.refers
        self.refers = self.refers or owed
        return owed

    def take_in(self: Any, rule: Rule, *, actor: Actor, since: datetime | None = None) -> None:
        """Something in an open case falls under `rule`. Where that makes referral compulsory its clocks say so from now
        on, that of the notice to the authority counts from `since` or now, and custodians hear of it.
        """
        if self.falls_under(rule):
            self.due_at = timing.refer(self, since=since)
            silence.tell_custodians(self, actor=actor)
