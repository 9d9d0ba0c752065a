"""What is told to whoever gave feedback: a receipt with a signed link that stays, and the answer behind that link."""

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from tipstaff.notices import outbox
from tipstaff.notices.models import Notice
from tipstaff.time import now
from tipstaff.workflow.actors import Actor

if TYPE_CHECKING:
    from aup.models.feedback import Feedback

FOLLOW = "aup:feedback_follow"
SCOPE = "writer"  # of the link, as in permissions.LINK_SCOPES


def link(feedback: "Feedback") -> str:
    """The page that shows how the feedback stands, for whoever holds its address; "" before there is one."""
    receipt = Notice.objects.filter(about=feedback.reference, action=FOLLOW).order_by("given_at").first()
    return reverse(FOLLOW, args=[receipt.token]) if receipt else ""


def confirm_receipt(feedback: "Feedback", *, actor: Actor) -> None:
    """Give the receipt, and mail its link where there is an address. It says nothing of what was written."""
    with translation.override(feedback.language):
        Notice(
            about=feedback.reference,
            about_stream=feedback.stream,
            scope=SCOPE,
            heading=_("We have your feedback %(ref)s") % {"ref": feedback.ref},
            sections=[
                {
                    "heading": _("What happens next"),
                    "paragraphs": [
                        _("Somebody who writes the policy reads it and answers you within 10 working days.")
                    ],
                }
            ],
            action=FOLLOW,
            action_label=_("See how your feedback stands"),
            language=feedback.language,
            given_at=now(),
        ).give(actor=actor)
    _mail("feedback_received", feedback, actor)


def send_answer(feedback: "Feedback", *, actor: Actor) -> None:
    _mail("feedback_answered", feedback, actor)


def _mail(kind: str, feedback: "Feedback", actor: Actor) -> None:
    to, language = feedback.contact, feedback.language
    outbox.queue(kind, to=to, about=feedback, actor=actor, language=language, link=link(feedback))
