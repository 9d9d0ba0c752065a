"""Who had which part in the custody of a file. Accounts stand above the vault, so a setting names their model."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _

from tipstaff.permissions import Permission
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record


def person_column(**extra: Any) -> models.ForeignKey:
    """Who did something; empty until somebody has."""
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", editable=False, **extra
    )


def person_only(actor: Actor) -> str | None:
    """Why `actor` cannot answer for custody: it is no person."""
    return None if actor.actor_kind == "person" else _("Only a person can do this.")


def stake_in(found: Record | None, actor: Any) -> str | None:
    """Why `actor`, who answers for custody, has nothing to do with what stands in `found`: it says so itself, or it is
    about an account above their own. Others reach no more than what they may see the matter of.
    """
    if found is None or actor.actor_kind != "person" or not actor.may(Permission.CUSTODY_VIEW):
        return None
    if refusal := found.stake_of(actor):
        return refusal
    about_own = getattr(type(found)._default_manager, "about_own", None)
    if about_own and about_own(actor).filter(pk=found.pk).exists():
        return _("This is about an account that your own hangs on; someone else must do this.")
    return None


def is_same(actor: Actor, pk: Any) -> bool:
    """Whether `actor` is the person with this key."""
    return pk is not None and getattr(actor, "pk", None) == pk
