"""How strictly a case is handled: as the strictest rule asks that anything in it was reported or decided under. That
never becomes lighter again, by trigger: what the law keeps sealed stays that, whatever else is gathered beside it.
"""

from datetime import datetime
from typing import Any

from django.db import models

from aup.models import Rule
from cases import silence
from cases.models import timing
from tipstaff.time import now
from tipstaff.workflow.actors import Actor

STRICTER = list(Rule.Handling.values)  # from what reviewers may open to what they are never shown


class Handled(models.Model):
    handling = models.CharField(
        max_length=20, choices=Rule.Handling, default=Rule.Handling.STANDARD, db_default=Rule.Handling.STANDARD.value
    )
    refers = models.BooleanField(
        default=False, db_default=False, help_text="A rule that something in it falls under makes referral compulsory."
    )
    owed_again_at = models.DateTimeField(
        null=True, editable=False, help_text="When something came in that no notice to an authority has told of."
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

    def owes_notice(self: Any, made: list[Any] | None = None) -> bool:
        """Whether referral is compulsory, and no authority was told since that came up last. `made` are the notices
        given, where they are known.
        """
        last = max((one.made_at for one in (self.referrals.all() if made is None else made)), default=None)
        again = last is not None and self.owed_again_at is not None and last <= self.owed_again_at
        return self.refers and (last is None or again)

    def take_in(self, rule: Rule, *, actor: Actor) -> None:
        """Something in an open case falls under `rule`. Where that makes referral compulsory an authority is owed its
        notice from now on.
        """
        if self.falls_under(rule):
            self._owe_notice(actor, since=None)

    def take_over(self, other: "Handled", *, actor: Actor, since: datetime | None) -> None:
        """What `other` holds is in this case from now on, which is handled as strictly. Where an authority is owed a
        notice of it, `since` some time, it is owed it here: also if it was told of this case before.
        """
        newly = other.refers and not self.refers
        self.handling = max(self.handling, other.handling, key=STRICTER.index)
        self.refers = self.refers or other.refers
        if newly or (since is not None and not self.owes_notice()):
            self._owe_notice(actor, since=since)

    def _owe_notice(self: Any, actor: Actor, *, since: datetime | None) -> None:
        """Its clocks say from now on that referral is compulsory, that of the notice counts from `since` or now, and
        custodians hear of it.
        """
        if self.referrals.exists():
            self.owed_again_at = now()
        self.due_at = timing.refer(self, since=since)
        silence.tell_custodians(self, actor=actor)
