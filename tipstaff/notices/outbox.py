"""Queueing and handing over. Rows are the jobs: a lost broker, a dead worker or a crash loses no mail."""

import logging
import smtplib
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation

from tipstaff import languages
from tipstaff.notices import html
from tipstaff.notices.models import ATTEMPTS, Message
from tipstaff.time import now
from tipstaff.workflow.actors import Actor, System
from tipstaff.workflow.models import Record
from tipstaff.workflow.refused import Refused

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)  # how long one worker has to hand a mail over before another may try
OUTBOX = System("outbox")


def queue(
    kind: str,
    *,
    to: str,
    about: Record,
    actor: Actor,
    language: str = "en",
    link: str = "",
    not_before: datetime | None = None,
    **context: Any,
) -> Message | None:
    """Queue the mail `templates/notices/<kind>.txt` (first line: subject) to the address `to`, in this transaction.
    `link` is a path of ours; the mail waits until `not_before`. Without an address nothing is queued and
    None comes back: the durable page is the notice.
    """
    if not to:
        return None
    language = languages.known(language) or settings.LANGUAGE_CODE
    with translation.override(language):
        words = {**context, "about": about, "link": f"{settings.BASE_URL}{link}", "provider": settings.PROVIDER_NAME}
        subject, _newline, text = render_to_string(f"notices/{kind}.txt", words).strip().partition("\n")
    message = Message(
        kind=kind,
        about=about.reference,
        about_stream=about.stream,
        recipient=to,
        language=language,
        subject=" ".join(subject.split())[:250],
        text=text.strip() + "\n",
        queued_at=now(),
        next_attempt_at=max(not_before or now(), now()),
    )
    message.queue(actor=actor)
    return message


def deliver_due(limit: int = 100) -> int:
    """Hand over up to `limit` due messages, one transaction each; returns how many were taken by the mail server."""
    taken = 0
    for _round in range(limit):
        message = _lease()
        if message is None:
            break
        try:
            taken += _deliver(message)
        except Refused as refused:  # its lease ran out, and another worker settled it meanwhile
            logger.warning("mail %s was left as it is: %s", message.pk, refused)
    return taken


def _lease() -> Message | None:
    """One due message, marked so that no other worker takes it for LEASE."""
    with transaction.atomic():
        message = Message.objects.due(now()).order_by("next_attempt_at").select_for_update(skip_locked=True).first()
        if message is not None:
            message.attempts += 1
            message.next_attempt_at = now() + LEASE
            message.save(update_fields=["attempts", "next_attempt_at"])
        return message


def _deliver(message: Message) -> bool:
    mail = EmailMultiAlternatives(
        message.subject,
        message.text,
        to=[message.recipient],
        headers={"Message-ID": message.message_id, "Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(html.of(message.subject, message.text, message.language), "text/html")
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        refusal = next(iter(error.recipients.values()))
        if 500 <= refusal[0] < 600:
            message.give_up(actor=OUTBOX, error=f"{refusal[0]} refused by the mail server")
        else:
            _try_again(message, f"{refusal[0]} put off by the mail server")
        return False
    except ValueError as error:  # an address or a header that no mail can carry
        message.give_up(actor=OUTBOX, error=type(error).__name__)
        return False
    except Exception as error:  # a server that is down, or what nobody thought of: one mail never stops the others
        _try_again(message, type(error).__name__)
        return False
    message.hand_over(actor=OUTBOX)
    return True


def _try_again(message: Message, error: str) -> None:
    """Wait longer each time: 30 s, 1 min, 2 min … 12 h."""
    logger.warning("mail %s was not taken (try %s): %s", message.pk, message.attempts, error)
    if message.attempts >= ATTEMPTS:
        message.give_up(actor=OUTBOX, error=error)
        return
    message.last_error = error
    message.next_attempt_at = now() + min(timedelta(seconds=30) * 2 ** (message.attempts - 1), timedelta(hours=12))
    message.save(update_fields=["last_error", "next_attempt_at"])
