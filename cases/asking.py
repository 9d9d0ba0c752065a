"""What an account holder reads who is asked something before a decision, and what whoever asked reads of the answer."""

import re
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cases import silence
from tipstaff.notices import outbox
from tipstaff.notices.models import Notice
from tipstaff.workflow.actors import Actor

if TYPE_CHECKING:
    from cases.models import Decision, Hearing

ANSWER = "cases:hearing"
NAMED = re.compile(r"\bE-0*([1-9]\d{0,5})")


def link(hearing: "Hearing") -> str:
    """The page on which it is answered, which shows the question and the answer as long as notices are kept."""
    notice = Notice.objects.filter(about=hearing.reference, action=ANSWER).first()
    return reverse(ANSWER, args=[notice.token]) if notice else ""


def tell_asked(hearing: "Hearing", *, actor: Actor) -> Notice:
    """Give the page and queue the mail with its link."""
    to: Any = hearing.case.subject
    with translation.override(to.language):
        notice = Notice(
            about=hearing.reference,
            about_stream=hearing.stream,
            scope="subject",
            heading=_("A question about %(account)s before we decide") % {"account": to.title[:120]},
            sections=sections(hearing),
            action=ANSWER,
            action_label=_("Answer the question"),
            language=to.language,
            given_at=hearing.asked_at,
        )
    notice.give(actor=actor)
    message = _mail("hearing_asked", hearing, actor=actor)
    if message is not None:
        Notice.objects.filter(pk=notice.pk).update(message=message)
    return notice


def sections(hearing: "Hearing") -> list[dict[str, object]]:
    """What is asked, what for, until when, and what silence means (ECHR 6, DSA 14(4): heard before it is decided)."""
    rule = hearing.case.rule
    return [
        {"heading": _("What we ask"), "paragraphs": [hearing.question]},
        {"heading": _("Why we ask"), "paragraphs": [hearing.purpose]},
        {
            "heading": _("What this is about"),
            "paragraphs": [_("We look into a report about your account under the rule below. Nothing is decided yet.")],
            "facts": [[_("Rule"), f"{rule.code} {rule.title}"], [_("Policy version"), rule.version.number]],
        },
        {
            "heading": _("Until when"),
            "paragraphs": [
                _("Your answer counts if it reaches us by %(end)s UTC. You can send one answer, with files.")
                % {"end": date_format(hearing.until, "DATETIME_FORMAT")},
                _(
                    "You do not have to answer. If you do not, we decide on what we have, and it is not held "
                    "against you."
                ),
            ],
        },
        {
            "heading": _("What happens with your answer"),
            "paragraphs": [
                _(
                    "It is sealed into the case, so that nobody can change it. The people who look into the case and "
                    "decide it read it, and so does whoever hears an appeal."
                )
            ],
        },
    ]


def heard(decision: "Decision") -> list[list[str]]:
    """What was asked and answered, where the decision rests on it: cited by a finding, or named in the reasons."""
    case = decision.case
    rows = [hearing for hearing in case.hearings.all() if hearing.state == "answered"]
    if not rows:
        return []
    cited = {exhibit for exhibits in case.findings.values_list("exhibits", flat=True) for exhibit in exhibits}
    cited |= {int(number) for number in NAMED.findall(decision.reasons)}
    told: list[list[str]] = []
    for hearing in rows:
        if hearing.answered_at and cited.intersection(hearing.exhibits):
            asked = {"day": date_format(hearing.asked_at, "DATE_FORMAT")}
            answered = {"day": date_format(hearing.answered_at, "DATE_FORMAT")}
            told.append([_("We asked on %(day)s") % asked, hearing.question])
            told.append([_("You answered on %(day)s") % answered, hearing.answer])
    return told


def tell_answered(hearing: "Hearing", *, actor: Actor) -> None:
    """Whoever asked hears that the case goes on; what was answered stays in the case."""
    if hearing.asked_by.is_active:
        case = hearing.case
        outbox.queue(
            "hearing_answered",
            to=hearing.asked_by.email,
            about=case,
            actor=actor,
            link=case.get_absolute_url(),
            person=hearing.asked_by,
        )


def tell_taken_back(hearing: "Hearing", *, actor: Actor) -> None:
    _mail("hearing_withdrawn", hearing, actor=actor)


def _mail(kind: str, hearing: "Hearing", *, actor: Actor) -> Any:
    to: Any = hearing.case.subject
    return outbox.queue(
        kind,
        to=to.contact,
        about=hearing,
        actor=actor,
        language=to.language,
        link=link(hearing),
        not_before=silence.withheld_until(hearing.case),
    )
