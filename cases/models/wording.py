"""What a reporter wrote under a sealed rule: it is opened one report at a time, for two minutes, on record."""

from typing import Any

from django.core import signing
from django.db import models
from django.utils.translation import gettext_lazy

from tipstaff.permissions import Permission
from tipstaff.vault.models.derivative import SHOWN_FOR
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.operations import operation

SIGNER = signing.TimestampSigner(salt="cases.wording")


class Worded(models.Model):
    class Meta:
        abstract = True

    @property
    def content_is_sealed(self: Any) -> bool:
        """Whether its files are for custodians only: by its own rule, or by the one of the case it went into."""
        own = self.rule and self.rule.content_handling == "sealed"
        return bool(own or (self.case and self.case.content_is_sealed))

    @operation(permission=Permission.EVIDENCE_READ, said=gettext_lazy("opened what the reporter wrote"))
    def read_words(self: Any, *, actor: Actor) -> None:
        """Look at the words of a report under a sealed rule."""

    def opened_to(self: Any, person: Any) -> str:
        """A token by which `person` sees the words for as long as a lifted veil stays lifted."""
        return SIGNER.sign_object([self.ref, str(person.pk)])

    def is_open_to(self: Any, person: Any, token: str) -> bool:
        if not self.content_is_sealed:
            return True
        try:
            ref, whose = SIGNER.unsign_object(token, max_age=SHOWN_FOR)
        except (signing.BadSignature, ValueError, TypeError):
            return False
        return (ref, whose) == (self.ref, str(person.pk))
