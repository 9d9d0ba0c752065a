"""Who had which part in the custody of a file. Accounts stand above the vault, so a setting names their model."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _

from tipstaff.workflow.actors import Actor


def person_column(**extra: Any) -> models.ForeignKey:
    """Who did something; empty until somebody has."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False, **extra
    )


def person_only(actor: Actor) -> str | None:
    """Why `actor` cannot answer for custody: it is no person."""
    return None if actor.actor_kind == "person" else _("Only a person can do this.")


def is_same(actor: Actor, pk: Any) -> bool:
    """Whether `actor` is the person with this key."""
    return pk is not None and getattr(actor, "pk", None) == pk
