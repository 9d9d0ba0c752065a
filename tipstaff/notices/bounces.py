"""What a mail server sends back when it could not deliver after all: a delivery status notification (RFC 3464).

It is matched by the Message-ID of our own mail that it carries, so nothing that somebody else wrote can mark a mail. A
note that a mail is late changes nothing; a person who is away has not bounced.
"""

import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.message import Message as Part
from email.parser import BytesParser
from typing import BinaryIO

from tipstaff.notices.models import Message
from tipstaff.workflow.actors import System

LARGEST = 1_000_000  # bytes; what is longer is no report
BOUNCES = System("mail server")
OURS = re.compile(r"<[^<>\s]{1,240}>")
ADDRESS = re.compile(r"[^\s<>;:]+@[^\s<>;:]+")  # whose it is stands in the mail already


def record(file: BinaryIO) -> Message | None:
    """Write down the bounce that `file` tells of; the mail, or None where it is no report about a mail of ours."""
    report = BytesParser(EmailMessage, policy=policy.default).parsebytes(file.read(LARGEST))
    reasons = list(_failures(report))
    message = next(
        (found for ours in _named(report) if (found := Message.objects.filter(message_id=ours).first())), None
    )
    if not reasons or message is None:
        return None
    if message.bounced_at is None:  # a server may say it twice
        message.bounce(actor=BOUNCES, reason=reasons[0])
    return message


def _failures(report: EmailMessage) -> Iterator[str]:
    """Why each recipient did not get it, for those of whom the server gave up."""
    for part in report.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        for block in part.get_payload():
            if isinstance(block, Part) and str(block.get("Action", "")).strip().lower() == "failed":
                status = " ".join(str(block.get("Status", "")).split())
                said = " ".join(str(block.get("Diagnostic-Code", "")).split())
                yield ADDRESS.sub("…", f"{status} {said}".strip())[:300] or "failed"


def _named(report: EmailMessage) -> Iterator[str]:
    """The Message-IDs of the mail that came back, from the copy of it or of its head."""
    for part in report.walk():
        if part.get_content_type() == "message/rfc822":
            for inner in part.get_payload():
                if isinstance(inner, Part):
                    yield from OURS.findall(str(inner.get("Message-ID", "")))
        elif part.get_content_type() == "text/rfc822-headers":
            copied = part.get_payload(decode=True)
            if isinstance(copied, bytes):
                head = BytesParser(policy=policy.default).parsebytes(copied, headersonly=True)
                yield from OURS.findall(str(head.get("Message-ID", "")))
