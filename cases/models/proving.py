"""The part of a report that says whether its reporter's address is theirs, and the link that is mailed there."""

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import signing
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import trust
from tipstaff.notices.models import Message
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.operations import operation

if TYPE_CHECKING:
    from cases.models.report import Report


def unproven(report: "Report", actor: Actor) -> str | None:
    if not report.contact:
        return _("No address was given with this report.")
    return _("This address was confirmed before.") if report.contact_proven_at else None


class Proving(models.Model):
    """An address that somebody typed may be anybody's. It is theirs once the link that we mailed there was used, and
    only then does the record of its reports count (DESIGN 9: nothing by assertion).
    """

    contact_proven_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def own_url(self: Any) -> str:
        """The path of the page that only whoever reads mail at the address comes to."""
        return reverse("cases:follow_by_link", args=[_signer().sign(self.pk.hex)])

    @property
    def contact_is_known(self: Any) -> bool:
        """Whether the address is theirs who filed this: they signed in with it, or an earlier report proved it."""
        address = self.contact.lower()
        if self.reported_by and self.reported_by.email.lower() == address:
            return True
        earlier = type(self).objects.annotate(address=Lower("contact")).exclude(contact="")
        return bool(earlier.filter(address=address, contact_proven_at__isnull=False).exists())

    @property
    def receipt_was_mailed(self: Any) -> bool:
        kinds = ("report_received", "finding_received")
        return bool(self.contact and Message.objects.filter(about=self.reference, kind__in=kinds).exists())

    @operation(
        permission=Permission.REPORT_PROVE,
        guard=unproven,
        label=gettext_lazy("Confirm the address"),
        said=gettext_lazy("confirmed the address"),
    )
    def prove(self: Any, *, actor: Actor) -> None:
        """The mail arrived at somebody who says the report is theirs. What they reported before counts from here on;
        a case that was opened already stays as it was.
        """
        self.contact_proven_at = now()
        earlier = trust.standing_of(self)
        self.trust, self.earlier_right, self.earlier_wrong = earlier.score, earlier.right, earlier.wrong


def pk_of_link(token: str) -> str | None:
    """The id of the report that a link was made for; None if we did not sign it."""
    try:
        return _signer().unsign(token)
    except signing.BadSignature:
        return None


def _signer() -> signing.Signer:
    keys = {"key": settings.LINK_KEY, "fallback_keys": settings.LINK_KEY_FALLBACKS}
    return signing.Signer(**keys, salt="tipstaff.reporter", sep=".")
