"""A person who works here. What they may do follows from their roles (tipstaff/permissions.py)."""

from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.permissions import Permission, Role, permissions_of
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation


class UserQuerySet(RefQuerySet["User"]):
    def visible_to(self, person: Any) -> Self:
        return self if person.may(Permission.PERSON_MANAGE) else self.filter(pk=person.pk)

    def with_role(self, *roles: str) -> Self:
        return self.filter(is_active=True, roles__overlap=list(roles))


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email__iexact=email)


def not_oneself(user: "User", actor: Actor) -> str | None:
    return _("You cannot change your own roles; ask another administrator.") if actor == user else None


@references.register("person")
class User(AbstractBaseUser, Record):
    email = models.EmailField(gettext_lazy("e-mail address"), unique=True)
    name = models.CharField(gettext_lazy("name"), max_length=150)
    roles = ArrayField(models.CharField(max_length=40, choices=Role.choices), default=list, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=now, editable=False)

    keys_on = models.BooleanField(default=True, help_text="Whether single letters act; a preference of theirs.")

    reference_field = "id"
    untold = frozenset({"password", "last_login", "keys_on"})
    actor_kind = "person"
    is_staff = False  # Django's admin is not used; people and settings have pages of ours
    is_superuser = False

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects = UserManager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]
        indexes = [GinIndex(fields=["roles"], name="user_by_role")]

    def __str__(self) -> str:
        return self.name

    @property
    def title(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("accounts:person", args=[self.pk])

    @property
    def actor_ref(self) -> str:
        return self.reference

    @cached_property
    def permissions(self) -> frozenset[Permission]:
        return permissions_of(self.roles) if self.is_active else frozenset()

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    @property
    def role_labels(self) -> list[str]:
        return [str(Role(role).label) for role in self.roles]

    @property
    def role_label(self) -> str:
        return ", ".join(self.role_labels)

    @operation(creates=True, permission=Permission.PERSON_MANAGE, said=gettext_lazy("enrolled"))
    def enrol(self, *, actor: Actor) -> None:
        """Add a person with their roles; they set their own password through the reset mail."""

    @operation(permission=Permission.PERSON_MANAGE, guard=not_oneself, said=gettext_lazy("changed the roles"))
    def change_roles(self, *, actor: Actor, roles: list[str]) -> None:
        """Replace the roles. Work already done keeps the name of who did it."""
        self.roles = sorted(set(roles))
        self.__dict__.pop("permissions", None)

    @operation(permission=Permission.PERSON_MANAGE, guard=not_oneself, said=gettext_lazy("closed the sign-in"))
    def deactivate(self, *, actor: Actor) -> None:
        """Close the sign-in. The person stays named in every history."""
        self.is_active = False
        self.__dict__.pop("permissions", None)
