"""Telling us about the policy, and following what was told: no account, no JavaScript. GET changes nothing."""

from typing import Any

from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_safe

from aup import letters
from aup.feedback_forms import FeedbackForm
from aup.forms import WhichVersion
from aup.models import Feedback, PolicyVersion
from tipstaff import languages
from tipstaff.access import public
from tipstaff.accounts.limits import limited
from tipstaff.accounts.models import User
from tipstaff.notices.models import Notice
from tipstaff.notices.views import private
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.actors import LinkHolder


@public
@limited("feedback")
@require_http_methods(["GET", "HEAD", "POST"])
def feedback(request: HttpRequest) -> HttpResponse:
    """Give feedback on the version in force, or on `?version=`. The same form sent twice is one item."""
    version = _version(request)
    if version is None:
        return render(request, "aup/feedback_form.html", {"form": None})
    person = request.user if isinstance(request.user, User) else None
    if request.method != "POST":
        chosen = {"rule": request.GET.get("rule", "").upper(), "kind": request.GET.get("kind")}
        return _form(request, FeedbackForm(version=version, person=person, initial=chosen))
    form = FeedbackForm(request.POST, version=version, person=person)
    if not form.is_valid():
        return _form(request, form, status=422)
    filed = _file(form, person)
    context = {"feedback": filed, "link": letters.link(filed)}
    return private(render(request, "aup/feedback_receipt.html", context))


def _version(request: HttpRequest) -> PolicyVersion | None:
    """The version that is asked about: one that was published, or the one in force; None where there is no policy."""
    wish = WhichVersion(request.POST if request.method == "POST" else request.GET)
    if not wish.is_valid():
        raise Http404
    if number := wish.cleaned_data["version"]:
        return get_object_or_404(PolicyVersion.objects.published(), number=number)
    return PolicyVersion.objects.in_force(now())


def _form(request: HttpRequest, form: FeedbackForm, status: int = 200) -> HttpResponse:
    in_force = PolicyVersion.objects.in_force(now())
    context = {"form": form, "version": form.about, "in_force": in_force is not None and in_force.pk == form.about.pk}
    return render(request, "aup/feedback_form.html", context, status=status)


def _file(form: FeedbackForm, person: User | None) -> Feedback:
    if known := Feedback.objects.filter(submission=form.key).first():
        return known
    actor: Any = person if person and person.may(Permission.FEEDBACK_FILE) else LinkHolder(letters.SCOPE)
    filed = Feedback(submission=form.key, language=languages.known(get_language()) or "en", **form.columns)
    try:
        with transaction.atomic():
            filed.file(actor=actor)
    except IntegrityError:  # the same form, sent by a second click a moment earlier
        known = Feedback.objects.filter(submission=form.key).first()
        if known is None:
            raise
        return known
    return filed


@require_safe
@public
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """How the feedback stands, for whoever holds its link: what was written, the answer, and what it led to."""
    notice = Notice.by_token(token)
    found = references.find(notice.about) if notice and notice.scope == letters.SCOPE else None
    if notice is None or not isinstance(found, Feedback):
        raise Http404
    languages.speak(request, notice.language)
    return private(render(request, "aup/feedback_follow.html", {"feedback": found}))
