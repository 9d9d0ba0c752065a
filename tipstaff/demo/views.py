"""Only in demo mode: become another person with one click, and read the mail that was sent."""

import email
import email.policy
import mailbox
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from tipstaff.access import public
from tipstaff.accounts.models import User
from tipstaff.demo.people import PEOPLE

SHOWN = 100


@dataclass(frozen=True)
class Mail:
    """A mail of the demo mailbox, with the links in its text apart so that the page can offer them."""

    key: str
    at: datetime
    to: str
    subject: str
    text: str
    message_id: str

    @property
    def links(self) -> list[str]:
        return [word for word in self.text.split() if word.startswith(settings.BASE_URL)]


def demo_only() -> None:
    if not settings.DEMO:
        raise Http404


@public
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Sign in as one of the demo people."""
    demo_only()
    address = request.POST.get("email", "")
    if address not in {person.email for person in PEOPLE}:
        raise Http404
    person = get_object_or_404(User, email=address, is_active=True)
    login(request, person, backend="django.contrib.auth.backends.ModelBackend")
    messages.info(request, _("You are %(name)s now.") % {"name": person.name})
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if safe and target else "home")


@public
@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    """Every mail that Tipstaff handed over, newest first."""
    demo_only()
    word = request.GET.get("to", "").strip().lower()[:200]
    mails = [mail for mail in _mails() if word in mail.to.lower()]
    return render(request, "demo/mail.html", {"mails": mails[:SHOWN], "to": word, "total": len(mails)})


def _mails() -> list[Mail]:
    box = mailbox.Maildir(settings.DEMO_MAIL_DIR, create=True, factory=None)
    mails = []
    for key in box.keys():  # noqa: SIM118  a mailbox is no dict
        parsed = email.message_from_bytes(box.get_bytes(key), policy=email.policy.default)
        mails.append(_read(key, parsed))
    return sorted(mails, key=lambda mail: mail.at, reverse=True)


def _read(key: str, parsed: EmailMessage) -> Mail:
    body = parsed.get_body(("plain",))
    return Mail(
        key=key,
        at=parsedate_to_datetime(str(parsed["Date"])),
        to=str(parsed["To"]),
        subject=str(parsed["Subject"]),
        text=body.get_content() if body else "",
        message_id=str(parsed["Message-ID"]),
    )
