"""What the person who appealed is told: a receipt, then the answer with its reasons and what can still be done."""

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from cases.statement import measure
from tipstaff import languages
from tipstaff.notices import outbox
from tipstaff.notices.models import Message, Notice
from tipstaff.time import now
from tipstaff.workflow.actors import Actor

if TYPE_CHECKING:
    from appeals.models import Appeal

RECEIPT = "appeal_received"


def confirm_receipt(appeal: "Appeal", *, actor: Actor) -> Message | None:
    return outbox.queue(
        RECEIPT,
        to=address(appeal),
        about=appeal,
        actor=actor,
        language=appeal.language,
        link=link(appeal),
    )


def give(appeal: "Appeal", *, outcome: str, actor: Actor) -> None:
    """Give the answer: a durable page for the account holder, the report's own page for a reporter, and mail."""
    url = link(appeal)
    with translation.override(appeal.language):
        heading = _("Your appeal %(ref)s: %(outcome)s") % {"ref": appeal.ref, "outcome": outcome_words(outcome)}
        if appeal.decision:
            notice = Notice(
                about=appeal.reference,
                about_stream=appeal.stream,
                heading=heading,
                sections=sections(appeal),
                language=appeal.language,
                given_at=appeal.decided_at or now(),
            )
            notice.give(actor=actor)
            url = notice.get_absolute_url()
    outbox.queue(
        "appeal_decided",
        to=address(appeal),
        about=appeal,
        actor=actor,
        language=appeal.language,
        link=url,
        heading=heading,
    )


def address(appeal: "Appeal") -> str:
    """Where the answer goes: the address given with the appeal, else the one we know."""
    if appeal.contact:
        return appeal.contact
    if appeal.decision:
        subject = appeal.decision.case.subject
        return subject.contact if subject else ""
    return appeal.report.contact if appeal.report else ""


def link(appeal: "Appeal") -> str:
    """The page where the person sees how the appeal stands."""
    if appeal.decision is None:
        return languages.mailed(reverse("cases:follow"), appeal.language)
    notice = Notice.objects.filter(about=appeal.decision.reference, action="appeals:lodge", scope="subject").first()
    return reverse("appeals:lodge", args=[notice.token]) if notice else ""


def outcome_words(outcome: str) -> str:
    return {
        "inadmissible": _("not admitted"),
        "upheld": _("the decision stands"),
        "varied": _("the measure is made milder"),
        "reversed": _("the decision is reversed"),
        "remanded": _("the case is looked at again"),
    }[outcome]


def sections(appeal: "Appeal") -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if appeal.inadmissible_reason:
        parts.append({"heading": _("Why it was not heard"), "paragraphs": [appeal.get_inadmissible_reason_display()]})
    else:
        parts.append({"heading": _("What we decided, and why"), "paragraphs": appeal.reasons.split("\n\n")})
    sanctions = list(appeal.decision.sanctions.all()) if appeal.decision else []
    if sanctions:
        facts = [[measure(s)[0], s.standing if s.state != "issued" else measure(s)[1]] for s in sanctions]
        parts.append({"heading": _("Where that leaves the measures"), "facts": facts})
    parts.append(
        {
            "heading": _("If you still disagree"),
            "paragraphs": [
                _("You can go to an out-of-court dispute settlement body or to a court."),
            ],
        }
    )
    return parts
