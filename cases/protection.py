"""What an account holder is told of an interim measure: with its effect, in the same transaction."""

from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cases import silence
from cases.statement import measure as in_words
from tipstaff.notices import outbox
from tipstaff.notices.models import Notice
from tipstaff.workflow.actors import Actor

if TYPE_CHECKING:
    from cases.models import Interim, Sanction


def tell_imposed(interim: "Interim", measure: "Sanction", *, actor: Actor) -> Notice:
    """Give the notice and queue the mail with its link."""
    to = measure.subject
    with translation.override(to.language):
        account = to.title
        notice = Notice(
            about=interim.reference,
            about_stream=interim.stream,
            scope="subject",
            heading=_("For now: a limit on %(account)s while we look into a report") % {"account": account[:120]},
            sections=sections(interim, measure),
            language=to.language,
            given_at=measure.starts_at,
        )
    notice.give(actor=actor)
    message = outbox.queue(
        "interim_imposed",
        to=to.contact,
        about=interim,
        actor=actor,
        language=to.language,
        link=notice.get_absolute_url(),
        not_before=silence.withheld_until(interim.case),
        measure=measure,
    )
    if message is not None:
        Notice.objects.filter(pk=notice.pk).update(message=message)
    return notice


def tell_extended(interim: "Interim", *, actor: Actor) -> None:
    """The same measure lasts longer: its holder hears until when."""
    notice = Notice.objects.filter(about=interim.reference).first()
    measure = interim.measure
    outbox.queue(
        "interim_extended",
        to=measure.subject.contact,
        about=interim,
        actor=actor,
        language=measure.subject.language,
        link=notice.get_absolute_url() if notice else "",
        not_before=silence.withheld_until(interim.case),
        measure=measure,
    )


def sections(interim: "Interim", measure: "Sanction") -> list[dict[str, object]]:
    """What, until when, why, what it is not, and what comes next (DSA 17, as far as nothing is decided)."""
    rule = interim.case.rule
    ends = {
        "end": date_format(measure.ends_at, "DATETIME_FORMAT") if measure.ends_at else "",
        "latest": date_format(interim.longest_until, "DATETIME_FORMAT") if interim.longest_until else "",
    }
    until = _("It ends by itself on %(end)s UTC.") % ends
    if measure.ends_at != interim.longest_until:
        until = (
            _(
                "It ends by itself on %(end)s UTC. If a second person agrees to it, it can last until %(latest)s UTC, "
                "and we will tell you. It ends sooner if we decide sooner."
            )
            % ends
        )
    return [
        {"heading": _("What we did"), "facts": [in_words(measure)], "paragraphs": [until]},
        {"heading": _("Why"), "paragraphs": [interim.reason, *filter(None, [interim.lighter])]},
        {
            "heading": _("What this is about"),
            "facts": [[_("Rule"), f"{rule.code} {rule.title}"], [_("Policy version"), rule.version.number]],
        },
        {
            "heading": _("What this is not"),
            "paragraphs": [
                _(
                    "It is no decision. Nothing is held against you so far, and it does not count as an earlier "
                    "breach. The time under it is taken off any measure of the same kind that may follow."
                )
            ],
        },
        {
            "heading": _("What comes next"),
            "paragraphs": [
                _("People decided this, not software. Somebody who did not impose it decides the case. You will get a "
                  "notice with reasons then, and you can appeal against it."),
            ],
        },
    ]  # fmt: skip
