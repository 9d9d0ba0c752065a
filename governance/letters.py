"""What the applicant is told: a receipt, questions, the answer with its reasons; each by mail with a signed link."""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tipstaff.notices import outbox
from tipstaff.notices.models import Notice
from tipstaff.time import now
from tipstaff.workflow.actors import Actor

if TYPE_CHECKING:
    from governance.models.waiver import Waiver

HEADING_LIMIT = 250
FOLLOW = "governance:waiver_follow"


def link(waiver: "Waiver") -> str:
    """The page where the applicant sees how the request stands, answers and withdraws; "" before there is one."""
    receipt = Notice.objects.filter(about=waiver.reference, action=FOLLOW).order_by("given_at").first()
    return reverse(FOLLOW, args=[receipt.token]) if receipt else ""


def confirm_receipt(waiver: "Waiver", *, actor: Actor) -> None:
    """The receipt is a durable page as well, and its link stays the key to the request."""
    with translation.override(waiver.language):
        heading = _("We have your request %(ref)s") % {"ref": waiver.ref}
        _give(waiver, heading, _request(waiver), actor)
        outbox.queue(
            "waiver_received",
            to=waiver.contact,
            about=waiver,
            actor=actor,
            language=waiver.language,
            link=link(waiver),
        )


def ask_for_changes(waiver: "Waiver", *, actor: Actor) -> None:
    outbox.queue(
        "waiver_changes", to=waiver.contact, about=waiver, actor=actor, language=waiver.language, link=link(waiver)
    )


def tell(waiver: "Waiver", outcome: str, *, actor: Actor, why: str = "") -> None:
    """Give the notice of `outcome` with its reasons, and queue the mail that carries its link."""
    with translation.override(waiver.language):
        heading = _headings()[outcome] % {"ref": waiver.ref, "topic": waiver.topic}
        notice = _give(waiver, heading, _sections(waiver, outcome, why), actor)
    outbox.queue(
        "waiver_decided",
        to=waiver.contact,
        about=waiver,
        actor=actor,
        language=waiver.language,
        link=notice.get_absolute_url(),
        heading=notice.heading,
    )


def _give(waiver: "Waiver", heading: str, sections: list[dict[str, Any]], actor: Actor) -> Notice:
    notice = Notice(
        about=waiver.reference,
        about_stream=waiver.stream,
        scope="applicant",
        heading=heading[:HEADING_LIMIT],
        sections=sections,
        action=FOLLOW,
        action_label=_("See how your request stands"),
        language=waiver.language,
        given_at=now(),
    )
    notice.give(actor=actor)
    return notice


def _headings() -> dict[str, str]:
    return {
        "granted": _("Waiver %(ref)s is granted: %(topic)s"),
        "refused": _("Waiver %(ref)s is refused: %(topic)s"),
        "recalled": _("Waiver %(ref)s goes before the committee: %(topic)s"),
        "suspended": _("Waiver %(ref)s is suspended: %(topic)s"),
        "reinstated": _("Waiver %(ref)s holds again: %(topic)s"),
        "revoked": _("Waiver %(ref)s is revoked: %(topic)s"),
    }


def _listed(records: Iterable[Any]) -> str:
    return pgettext("between two of a list", ", ").join(str(record) for record in records)


def _day(day: date | None) -> str:
    return date_format(day, "DATE_FORMAT") if day else ""


def _request(waiver: "Waiver") -> list[dict[str, Any]]:
    days = {"start": _day(waiver.starts_on), "end": _day(waiver.ends_on)}
    return [
        {
            "heading": _("What you asked for"),
            "paragraphs": [waiver.conduct],
            "facts": [
                [_("In one line"), waiver.topic],
                [_("Rule"), _listed(waiver.rules.all())],
                [_("From and until"), _("%(start)s until %(end)s") % days],
            ],
        },
        {
            "heading": _("What happens next"),
            "paragraphs": [
                _("Somebody checks the facts within two days. You get an answer with reasons within 30 days."),
                _("Until then every rule holds for you as it does for everybody."),
            ],
        },
    ]


def _sections(waiver: "Waiver", outcome: str, why: str) -> list[dict[str, Any]]:
    reasons = {"heading": _("What we decided, and why"), "paragraphs": (why or waiver.reasons).split("\n\n")}
    follows = {"heading": _("What follows"), "paragraphs": [_consequence(waiver, outcome)]}
    if outcome not in ("granted", "reinstated"):
        return [reasons, follows]
    return [reasons, _terms(waiver), follows]


def _terms(waiver: "Waiver") -> dict[str, Any]:
    start = max(filter(None, [waiver.starts_on, now().date()]))
    return {
        "heading": _("What is permitted, and on which conditions"),
        "paragraphs": [waiver.conduct, *(f"{number}. {text}" for number, text in enumerate(waiver.conditions, 1))],
        "facts": [
            [_("Rule"), _listed(waiver.rules.all())],
            [_("Accounts"), _listed(waiver.beneficiaries.all())],
            [_("From"), _day(start)],
            [_("Last day"), _day(waiver.ends_on)],
        ],
    }


def _consequence(waiver: "Waiver", outcome: str) -> str:
    return {
        "granted": _(
            "The rule itself does not change. Anything outside what is permitted, or against a condition, is a breach "
            "like any other. The waiver ends by itself after its last day; ask again in good time if you need more."
        ),
        "refused": _(
            "The rule holds for you as it does for everybody. You can answer these reasons: send one new request with "
            "new facts from the page below, and it is decided anew."
        ),
        "recalled": _(
            "Until the committee has decided, the waiver does not hold: stop what it permitted. You get an answer with "
            "reasons within 30 days."
        ),
        "suspended": _(
            "From now on the waiver does not hold: stop what it permitted. When the cause is put right, the committee "
            "can let it hold again."
        ),
        "reinstated": _("The waiver holds from now on, to the same last day. The time in between is not covered."),
        "revoked": _(
            "The waiver has ended for good: stop what it permitted. You can ask for a new one with new facts."
        ),
    }[outcome]
