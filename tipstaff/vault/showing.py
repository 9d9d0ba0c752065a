"""The act of showing: one person lifts the veil of one file for two minutes, and never further than the organisation
allows (SHOW_AT_MOST).
"""

from typing import Any

from django.conf import settings
from django.core import signing
from django.db import models
from django.utils.translation import gettext_lazy

from tipstaff.vault.models import Derivative, SealedFile
from tipstaff.vault.models.derivative import SHOWN_FOR

SIGNER = signing.TimestampSigner(salt="tipstaff.vault.showing")
GRADES = {"veiled": 0, "grey": 1, "colour": 2}
GRADE_OF = {"veiled": 0, "grey": 1, "plain": 2, "redaction": 2, "lines": 0}


class Purpose(models.TextChoices):
    REVIEW = "review", gettext_lazy("To investigate")
    DECISION = "decision", gettext_lazy("To confirm or issue a decision")
    APPEAL = "appeal", gettext_lazy("To review an appeal")
    QUALITY = "quality", gettext_lazy("To check quality")


def within_floor(kind: str) -> bool:
    """Whether the organisation lets anybody see a derivative of this kind in the browser."""
    return GRADE_OF.get(kind, 2) <= GRADES[settings.SHOW_AT_MOST]


def show(file: SealedFile, person: Any, kind: str, purpose: str) -> str:
    """A token that lets `person` see derivatives of `file` up to `kind`; each view itself is still recorded."""
    return SIGNER.sign_object([str(file.pk), str(person.pk), kind, purpose])


def shown(token: str, file_id: Any, person: Any) -> tuple[str, str]:
    """Up to which kind the token lets `person` see the file, and what for; nothing but the veil if it is not good."""
    try:
        pk, whose, kind, purpose = SIGNER.unsign_object(token, max_age=SHOWN_FOR)
    except (signing.BadSignature, ValueError, TypeError):
        return "veiled", Purpose.REVIEW
    good = pk == str(file_id) and whose == str(person.pk) and within_floor(kind)
    return (kind, purpose) if good else ("veiled", Purpose.REVIEW)


def is_open(derivative: Derivative, token: str, person: Any) -> tuple[bool, str]:
    """Whether `person` may be given this picture now, and for which purpose they asked."""
    kind, purpose = shown(token, derivative.parent_id, person)
    grade = GRADE_OF.get(derivative.kind, 2)
    return within_floor(derivative.kind) and grade <= GRADE_OF.get(kind, 0), purpose
