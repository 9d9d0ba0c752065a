"""Consent: what a reporter agreed to about their own identity. By default nobody is told who they are."""

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models.report import Report
from tipstaff import languages
from tipstaff.accounts.models import User
from tipstaff.notices import outbox
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.models import Record, RefQuerySet
from tipstaff.workflow.operations import operation
from tipstaff.workflow.states import StateField

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME_LIMIT = 200
PURPOSE_LIMIT = 500


class ConsentQuerySet(RefQuerySet["Consent"]):
    def visible_to(self, person: Any) -> Self:
        return self if person.may(Permission.CONSENT_ASK) else self.none()


def could_be_asked(consent: "Consent", actor: Actor) -> str | None:
    if not consent.report.contact:
        return _("This reporter gave no address, so there is nothing to share and nobody to ask.")
    standing = consent.report.consents.filter(
        recipient=consent.recipient, recipient_name=consent.recipient_name, state__in=["asked", "given"]
    )
    return _("This was asked before.") if standing.exists() else None


@references.register("consent")
class Consent(Record):
    """One question to one reporter, whether their identity may be shared with one recipient, and their answer. Kept
    with the words that they read (S50). Who they are stands in none of it.
    """

    class State(models.TextChoices):
        ASKED = "asked", gettext_lazy("Asked")
        GIVEN = "given", gettext_lazy("Given")
        REFUSED = "refused", gettext_lazy("Refused")
        WITHDRAWN = "withdrawn", gettext_lazy("Withdrawn")

    class Recipient(models.TextChoices):
        SUBJECT = "subject", gettext_lazy("the person whom your report is about")
        AUTHORITY = "authority", gettext_lazy("an authority")
        PARTNER = "partner", gettext_lazy("a partner organisation")

    state = StateField(max_length=12, choices=State, default=State.ASKED)
    report = models.ForeignKey(Report, models.PROTECT, related_name="consents")
    recipient = models.CharField(max_length=12, choices=Recipient)
    recipient_name = models.CharField(max_length=NAME_LIMIT, blank=True, help_text="Which one; empty for any.")
    purpose = models.CharField(max_length=PURPOSE_LIMIT, help_text="What for, as the reporter reads it.")
    wording = models.TextField(blank=True, help_text="What they read when they answered.")
    language = models.CharField(max_length=10, default="en")
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    asked_at = models.DateTimeField(default=now, editable=False)
    answered_at = models.DateTimeField(null=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, editable=False)

    reference_field = "id"
    listed_with = ("report",)
    objects = ConsentQuerySet.as_manager()

    class Meta:
        ordering = ["asked_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["report", "recipient", "recipient_name"],
                condition=Q(state__in=["asked", "given"]),
                name="consent_once_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["given", "withdrawn"]) | Q(answered_at__isnull=False) & ~Q(wording=""),
                name="consent_keeps_what_was_read",
            ),
            models.CheckConstraint(
                condition=Q(state="withdrawn", withdrawn_at__isnull=False)
                | ~Q(state="withdrawn") & Q(withdrawn_at=None),
                name="consent_withdrawn_at",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report_id} {self.recipient}"

    @property
    def title(self) -> str:
        return _("Consent of the reporter of %(report)s") % {"report": self.report.ref}

    def history_of(self) -> Record:
        return self.report

    def get_absolute_url(self) -> str:
        return reverse("cases:report_desk", args=[self.report.ref])

    @property
    def whom(self) -> str:
        """The recipient by name if there is one, else in words."""
        return self.recipient_name or str(self.get_recipient_display())

    @property
    def words(self) -> str:
        """What the reporter is asked, in the language of the moment: kept as `wording` with the answer."""
        return _(
            "May we tell %(whom)s your e-mail address and that you sent this report? What for: %(purpose)s "
            "You can say no: it changes nothing in how we treat your report. You can take a yes back later; what was "
            "handed over before then stays handed over."
        ) % {"whom": self.whom, "purpose": self.purpose}

    def complete(self, *, actor: Actor) -> None:
        self.recipient_name, self.purpose = self.recipient_name.strip(), self.purpose.strip()
        self.asked_at = now()

    @operation(
        creates=True,
        permission=Permission.CONSENT_ASK,
        guard=could_be_asked,
        said=gettext_lazy("asked the reporter for consent"),
    )
    def ask(self, *, actor: Actor) -> None:
        """Ask by mail, with the reporter's own link; the page of their receipt code asks the same."""
        report = self.report
        with translation.override(languages.known(report.language) or "en"):
            words = self.words
        link = languages.mailed(report.own_url, report.language)
        outbox.queue(
            "consent_asked",
            to=report.contact,
            about=report,
            actor=actor,
            language=report.language,
            link=link,
            words=words,
        )

    @operation(
        creates=True,
        target=State.GIVEN,
        permission=Permission.CONSENT_GIVE,
        guard=could_be_asked,
        said=gettext_lazy("agreed to be named, when filing the report"),
    )
    def volunteer(self, *, actor: Actor) -> None:
        """Agreed to in the form itself, by ticking a box that was empty."""
        self._answer()

    @operation(
        source=State.ASKED,
        target=State.GIVEN,
        permission=Permission.CONSENT_GIVE,
        label=gettext_lazy("Yes, you may tell them"),
        said=gettext_lazy("agreed to be named"),
    )
    def give(self, *, actor: Actor) -> None:
        """Agree, to exactly what was read: this recipient, for this purpose."""
        self._answer()

    @operation(
        source=State.ASKED,
        target=State.REFUSED,
        permission=Permission.CONSENT_GIVE,
        label=gettext_lazy("No, do not tell them"),
        said=gettext_lazy("did not agree to be named"),
    )
    def refuse(self, *, actor: Actor) -> None:
        """Say no. Nothing else follows from it."""
        self._answer()

    @operation(
        source=State.GIVEN,
        target=State.WITHDRAWN,
        permission=Permission.CONSENT_GIVE,
        label=gettext_lazy("Take my consent back"),
        said=gettext_lazy("took the consent back"),
    )
    def withdraw(self, *, actor: Actor) -> None:
        """From now on nobody else is told. What was handed over before stays so, as the question said."""
        self.withdrawn_at = now()

    def _answer(self) -> None:
        self.wording, self.language, self.answered_at = self.words, translation.get_language() or "en", now()


def not_agreed(reports: "Iterable[Report]", recipient: str, name: str) -> list[str]:
    """The references of those reports whose reporter has not agreed that this recipient is told who they are. Locks
    what it relies on, so that nobody takes it back in between.
    """
    wanted = {report.pk: report.ref for report in reports}
    agreed = Consent.objects.filter(
        report__in=wanted, state=Consent.State.GIVEN, recipient=recipient, recipient_name__in=["", name.strip()]
    )
    locked = agreed.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("report_id", flat=True)
    given = set(locked)
    return sorted(ref for pk, ref in wanted.items() if pk not in given)
