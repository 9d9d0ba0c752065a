"""Subject: an account of the provider that reports are about, decisions bind and sanctions limit."""

from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import RegexValidator
from django.db import IntegrityError, models, transaction
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now, Upper
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.permissions import Permission
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.refused import Refused

# The accounts that somebody can be reached at, and every one that hangs on them.
OWN = """WITH RECURSIVE own (id) AS (
    SELECT id FROM accounts_subject WHERE contact <> '' AND UPPER(contact) = UPPER(%s)
    UNION SELECT below.id FROM accounts_subject below JOIN own ON below.parent_id = own.id
) SELECT id FROM own"""
# The same, and every one that they hang on: what is decided about those reaches the ones below.
AROUND = """WITH RECURSIVE own (id) AS (
    SELECT id FROM accounts_subject WHERE contact <> '' AND UPPER(contact) = UPPER(%s)
    UNION SELECT below.id FROM accounts_subject below JOIN own ON below.parent_id = own.id
), above (id, parent_id) AS (
    SELECT id, parent_id FROM accounts_subject WHERE contact <> '' AND UPPER(contact) = UPPER(%s)
    UNION SELECT up.id, up.parent_id FROM accounts_subject up JOIN above ON up.id = above.parent_id
) SELECT id FROM own UNION SELECT id FROM above"""


def own_accounts(person: Any) -> RawSQL:
    """The ids of the accounts that are this member of staff's own."""
    return RawSQL(OWN, [person.email])  # noqa: S611  no text of anybody is in it


def around_own(person: Any) -> RawSQL:
    """The ids of their own accounts, of those that hang on them, and of those that they hang on."""
    return RawSQL(AROUND, [person.email] * 2)  # noqa: S611  no text of anybody is in it


class SubjectQuerySet(RefQuerySet["Subject"]):
    def visible_to(self, person: Any) -> Self:
        """Whoever may see accounts, without their own: what stands there is about them."""
        if not person.may(Permission.SUBJECT_VIEW):
            return self.none()
        return self.exclude(pk__in=own_accounts(person)) if hasattr(person, "email") else self

    def about_own(self, person: Any) -> Self:
        """This member of staff's own, with every one above and below them."""
        return self.filter(pk__in=around_own(person)) if hasattr(person, "email") else self.none()


@references.register("subject")
class Subject(Record):
    class Kind(models.TextChoices):
        """From the narrowest to the widest: a sanction starts at the narrowest scope that stops the harm."""

        END_USER = "end_user", gettext_lazy("End user")
        API_KEY = "api_key", gettext_lazy("API key")
        APPLICATION = "application", gettext_lazy("Application")
        WORKSPACE = "workspace", gettext_lazy("Workspace")
        ORGANISATION = "organisation", gettext_lazy("Organisation")
        DISTRIBUTOR = "distributor", gettext_lazy("Distributor")

    external_id = models.CharField(
        gettext_lazy("account id"),
        max_length=120,
        unique=True,
        validators=[RegexValidator(r"^[A-Za-z0-9._@:-]+\Z", gettext_lazy("Use letters, digits and . _ @ : - only."))],
    )
    kind = models.CharField(gettext_lazy("kind"), max_length=20, choices=Kind, default=Kind.END_USER)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    name = models.CharField(gettext_lazy("name"), max_length=200, blank=True)
    contact = models.EmailField(gettext_lazy("contact"), blank=True)
    language = models.CharField(gettext_lazy("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    reference_field = "external_id"
    objects = SubjectQuerySet.as_manager()

    class Meta:
        ordering = ["external_id"]
        indexes = [
            GinIndex(OpClass(Upper("external_id"), "gin_trgm_ops"), name="subject_by_part_of_id"),
            GinIndex(OpClass(Upper("name"), "gin_trgm_ops"), name="subject_by_part_of_name"),
            models.Index(Upper("contact"), condition=~models.Q(contact=""), name="subject_by_contact"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(parent__isnull=True) | ~models.Q(parent=models.F("id")),
                name="subject_not_own_parent",
            )
        ]

    def __str__(self) -> str:
        return self.external_id

    @property
    def title(self) -> str:
        return f"{self.name} ({self.external_id})" if self.name else self.external_id

    def get_absolute_url(self) -> str:
        return reverse("cases:subject", args=[self.external_id])

    def belongs_to(self, person: Any) -> bool:
        """Whether it, or one that it hangs on, is this person's own."""
        account: Subject | None = self
        while account is not None:
            if account.contact and account.contact.casefold() == person.email.casefold():
                return True
            account = account.parent
        return False

    def stake_of(self, actor: Any) -> str | None:
        if actor.actor_kind == "person" and self.belongs_to(actor):
            return _("This is your own account; someone else must do this.")
        return None

    @classmethod
    def resolve(cls, external_id: str, *, actor: Actor, **columns: Any) -> tuple["Subject", bool]:
        """The account with this id, registered with `columns` if it is new; and whether it was. Whoever loses a race
        for a new one gets the winner's.
        """
        known = cls.objects.filter(external_id=external_id).first()
        if known is not None:
            return known, False
        subject = cls(external_id=external_id, **columns)
        try:
            with transaction.atomic():
                subject.register(actor=actor)
        except IntegrityError:
            return cls.objects.get(external_id=external_id), False
        return subject, True

    @operation(creates=True, permission=Permission.SUBJECT_WRITE, said=gettext_lazy("registered the account"))
    def register(self, *, actor: Actor) -> None:
        """Make the provider's account known, so that a case can be about it."""
        self._refuse_circle()

    @operation(permission=Permission.SUBJECT_WRITE, said=gettext_lazy("changed the account"))
    def amend(self, *, actor: Actor, **columns: Any) -> None:
        """Replace what is known about the account: kind, parent, name, contact, language."""
        for name in columns.keys() & {"kind", "parent", "name", "contact", "language"}:
            setattr(self, name, columns[name])
        self._refuse_circle()

    def _refuse_circle(self) -> None:
        seen, above = {self.pk}, self.parent
        while above:
            if above.pk in seen:
                raise Refused(_("An account cannot stand above itself."))
            seen.add(above.pk)
            above = above.parent
