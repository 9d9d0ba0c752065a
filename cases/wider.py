"""What the holder of a wider account is told when a measure reaches it: what, why as far as there, and until when. The
reasons of the decision are about somebody else and stay with them.
"""

from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext as _

from cases import silence
from cases.statement import HEADING_LIMIT, how_it_came, what_follows
from tipstaff.accounts.models import Subject
from tipstaff.notices import outbox
from tipstaff.notices.models import Notice
from tipstaff.time import now
from tipstaff.workflow.actors import Actor

if TYPE_CHECKING:
    from cases.models import Decision


def tell(decision: "Decision", *, to: Subject, actor: Actor) -> Notice:
    """Give the holder of the wider account a notice of their own, and mail its link. In this transaction."""
    with translation.override(to.language):
        heading, parts = _("A measure reaches %(account)s") % {"account": to.title}, _sections(decision, to)
    return _give("measure_wider", decision, to, heading, parts, actor)


def tell_changed(decision: "Decision", *, actor: Actor) -> None:
    """What reached the wider account ended or became milder: its holder is told what holds now. What became of the
    decision about somebody else, and why, is not said.
    """
    to = decision.scope
    if to is None:
        return
    standing = decision.sanctions.filter(subject=to).standing(now()).order_by("id")
    with translation.override(to.language):
        heading = _("What applies to %(account)s has changed") % {"account": to.title}
        facts = what_follows(list(standing))
        ended = _("Nothing of decision %(decision)s limits this account any more. You need not do anything.")
        milder = _("This is what still applies of decision %(decision)s. It is less than you were told before.")
        words = (milder if facts else ended) % {"decision": decision.ref}
        section: dict[str, object] = {"heading": _("What applies to this account")}
        parts = [section | {"paragraphs": [words], "facts": facts}]
    _give("measure_wider_changed", decision, to, heading, parts, actor)


def _give(
    mail: str, decision: "Decision", to: Subject, heading: str, parts: list[dict[str, object]], actor: Actor
) -> Notice:
    notice = Notice(
        about=decision.reference,
        about_stream=decision.stream,
        scope="wider",
        heading=heading[:HEADING_LIMIT],
        sections=parts,
        language=to.language,
        given_at=now(),
    )
    notice.give(actor=actor)
    message = outbox.queue(
        mail,
        to=to.contact,
        about=decision,
        actor=actor,
        language=to.language,
        link=notice.get_absolute_url(),
        not_before=silence.withheld_until(decision.case),
        heading=notice.heading,
    )
    if message is not None:
        Notice.objects.filter(pk=notice.pk).update(message=message)
    return notice


def _sections(decision: "Decision", to: Subject) -> list[dict[str, object]]:
    rule = decision.rule
    return [
        {
            "heading": _("What applies to this account"),
            "facts": what_follows(list(decision.sanctions.filter(subject=to).order_by("id"))),
        },
        {
            "heading": _("Why it reaches this account"),
            "paragraphs": [
                _("An account that hangs on this one broke the rule %(code)s “%(title)s”.")
                % {"code": rule.code, "title": rule.title},
                decision.scope_reason,
            ],
        },
        *how_it_came(decision),
        {
            "heading": _("If you disagree"),
            "paragraphs": [
                _("The holder of the account below can appeal. If the decision falls, this ends as well."),
                _("You can go to an out-of-court dispute settlement body or to a court."),
            ],
        },
    ]
