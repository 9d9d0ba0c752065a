"""Policy: the document that binds the provider's users, whoever's version of it is in force."""

from typing import Any, Self

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy

from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation


class PolicyQuerySet(RefQuerySet["Policy"]):
    def visible_to(self, person: Any) -> Self:
        return self.all()


@references.register("policy_document")
class Policy(Record):
    title = models.CharField(gettext_lazy("title"), max_length=200, unique=True)
    publisher = models.CharField(gettext_lazy("publisher"), max_length=200)
    binding_instrument = models.TextField(
        gettext_lazy("binding instrument"),
        help_text=gettext_lazy("What makes it binding, such as the terms of service."),
    )
    adopted_at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"
    objects = PolicyQuerySet.as_manager()

    class Meta:
        ordering = ["title"]
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("aup:policy")

    @operation(creates=True, permission=Permission.POLICY_EDIT)
    def adopt(self, *, actor: Actor) -> None:
        """Name the document, so that versions of it can be drafted."""
