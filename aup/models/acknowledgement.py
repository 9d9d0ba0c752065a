"""Acknowledgement: one account of the provider, or one person who works here, says that they read a version."""

from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.models.version import PolicyVersion
from tipstaff.accounts.models import Subject, User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation

LINK_DAYS = 30  # how long the link to the page may be used
SIGNATORY_LIMIT = 120


class AcknowledgementQuerySet(RefQuerySet["Acknowledgement"]):
    def visible_to(self, person: Any) -> Self:
        return self if person.may(Permission.ACKNOWLEDGEMENT_VIEW) else self.none()

    def of(self, who: Subject | User) -> Self:
        """What `who` acknowledged, the latest first, with the versions."""
        column = "subject" if isinstance(who, Subject) else "person"
        return self.filter(**{column: who}).select_related("version").order_by("-given_at")


def still_binds(acknowledgement: "Acknowledgement", _actor: Actor) -> str | None:
    """A version is acknowledged while it is in force, or once it is published and lies ahead."""
    version = acknowledgement.version
    if version.state == PolicyVersion.State.PUBLISHED and not version.superseded:
        return None
    return _("Version %(number)s is not in force; acknowledge the one that is.") % {"number": version.number}


@references.register("acknowledgement")
class Acknowledgement(Record):
    """Written once and never changed. Its history is its own, so that a million of them do not wait for one version."""

    class Means(models.TextChoices):
        API = "api", gettext_lazy("By the provider's own pages")
        LINK = "link", gettext_lazy("On our page, by a signed link")
        DESK = "desk", gettext_lazy("At the desk")

    version = models.ForeignKey(PolicyVersion, models.PROTECT, related_name="acknowledgements")
    subject = models.ForeignKey(Subject, models.PROTECT, null=True, related_name="acknowledgements")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    signatory = models.CharField(max_length=SIGNATORY_LIMIT, blank=True)
    means = models.CharField(max_length=4, choices=Means)
    language = models.CharField(max_length=10, choices=settings.LANGUAGES, default="en")
    given_at = models.DateTimeField(default=now, editable=False)

    reference_field = "id"
    objects = AcknowledgementQuerySet.as_manager()

    class Meta:
        ordering = ["-given_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["subject", "version"], name="acknowledgement_once_per_account"),
            models.UniqueConstraint(fields=["person", "version"], name="acknowledgement_once_per_person"),
            models.CheckConstraint(
                condition=Q(subject__isnull=False, person__isnull=True, means__in=["api", "link"])
                | Q(subject__isnull=True, person__isnull=False, means="desk"),
                name="acknowledgement_by_one",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return _("acknowledgement of version %(number)s") % {"number": self.version.number}

    @operation(
        creates=True,
        permission=Permission.ACKNOWLEDGEMENT_GIVE,
        guard=still_binds,
        said=gettext_lazy("acknowledged a version of the policy"),
    )
    def give(self, *, actor: Actor) -> None:
        """Say that the version was read. It is no consent to anything, and takes no right to appeal away."""

    @classmethod
    def given(
        cls, version: PolicyVersion, who: Subject | User, *, actor: Actor, **columns: Any
    ) -> tuple["Acknowledgement", bool]:
        """The acknowledgement of `version` by `who`, and whether it is new: given twice it stays the first."""
        column = "subject" if isinstance(who, Subject) else "person"
        known = cls.objects.filter(version=version, **{column: who}).first()
        if known is not None:
            return known, False
        draft = cls(version=version, **{column: who}, **columns)
        try:
            with transaction.atomic():
                draft.give(actor=actor)
        except IntegrityError:
            return cls.objects.get(version=version, **{column: who}), False
        return draft, True


def token_for(subject: Subject) -> str:
    """The credential of the page on which `subject` acknowledges; good for LINK_DAYS."""
    until = now() + timedelta(days=LINK_DAYS)
    return _signer().sign(f"{subject.pk.hex}.{int(until.timestamp())}")


def subject_by(token: str) -> Subject | None:
    """The account whose page `token` opens; None if we did not sign it or its days are over."""
    try:
        key, _dot, until = _signer().unsign(token).partition(".")
    except signing.BadSignature:
        return None
    return Subject.objects.filter(pk=key).first() if now().timestamp() <= int(until) else None


def _signer() -> signing.Signer:
    keys = {"key": settings.LINK_KEY, "fallback_keys": settings.LINK_KEY_FALLBACKS}
    return signing.Signer(**keys, salt="tipstaff.acknowledge", sep=".")
