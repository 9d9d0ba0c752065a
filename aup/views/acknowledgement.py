"""Saying that one read the policy: at the desk for who works here, by signed link for an account; and who has not."""

from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from aup.adoption import accounts, reach, staff, with_answer
from aup.forms import SEARCH_LENGTH, AcknowledgeForm
from aup.models import Acknowledgement, PolicyVersion
from aup.models.acknowledgement import subject_by
from aup.wording import Reading
from tipstaff import languages
from tipstaff.access import StaffRequest, needs, public, signed_in
from tipstaff.accounts.limits import limited
from tipstaff.accounts.models import Subject, User
from tipstaff.notices.views import private
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.actors import Actor, LinkHolder

PAGE = 100
Means = Acknowledgement.Means


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def at_desk(request: StaffRequest) -> HttpResponse:
    """Who works here acknowledges the version in force."""
    return _answer(request, request.user, actor=request.user, means=Means.DESK, base="base.html")


@csrf_exempt
@public
@limited("acknowledge")
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """An account acknowledges, whoever holds its link speaking for it. GET changes nothing."""
    subject = subject_by(token)
    if subject is None:
        raise Http404
    languages.speak(request, subject.language)
    actor = LinkHolder("subject", subject.reference)
    return private(_answer(request, subject, actor=actor, means=Means.LINK, base="base_link.html"))


def _answer(request: HttpRequest, who: Subject | User, *, actor: Actor, means: str, base: str) -> HttpResponse:
    version = PolicyVersion.objects.select_related("policy").in_force(now())
    given = list(Acknowledgement.objects.of(who)[:2])
    posted = request.method == "POST"
    form = AcknowledgeForm(request.POST if posted else None, version=version, asks_who=_is_several(who))
    status = 200
    if posted and version is not None:
        if form.is_valid():
            columns = {"means": means, "language": get_language() or "en", "signatory": form.cleaned_data["signatory"]}
            Acknowledgement.given(version, who, actor=actor, **columns)
            return redirect(request.path + languages.kept(request))
        status = 422
    done = next((each for each in given if version and each.version_id == version.pk), None)
    context = {
        "base": base,
        "version": version,
        "said": Reading(version, get_language() or "en").version(version) if version else None,
        "who": who,
        "done": done,
        "before": next((each.version for each in given if each is not done), None),
        "form": form if actor.may(Permission.ACKNOWLEDGEMENT_GIVE) else None,
    }
    return render(request, "aup/acknowledge_page.html", context, status=status)


def _is_several(who: Subject | User) -> bool:
    """Whether more than one person may stand behind it, so that it is worth noting which one answered."""
    return isinstance(who, Subject) and who.kind != Subject.Kind.END_USER


@require_safe
@needs(Permission.ACKNOWLEDGEMENT_VIEW)
def coverage(request: StaffRequest, ref: str) -> HttpResponse:
    """How far a published version has reached: how many acknowledged it, and by name who did and who did not."""
    version = get_object_or_404(PolicyVersion.objects.published().select_related("policy"), ref=ref.upper())
    among = "staff" if request.GET.get("among") == "staff" else "accounts"
    given = request.GET.get("show") == "given"
    groups = {"accounts": accounts(), "staff": staff()}
    sought = request.GET.get("q", "").strip()[:SEARCH_LENGTH]
    found = list(_rows(version, groups[among], sought, given=given)[: PAGE + 1])
    context: dict[str, Any] = {
        "version": version,
        "among": among,
        "given": given,
        "tabs": [
            (key, label, reach(groups[key], version))
            for key, label in (("accounts", _("Accounts")), ("staff", _("People who work here")))
        ],
        "sought": sought,
        "more": len(found) > PAGE,
        "rows": _with_answers(version, found[:PAGE], among),
    }
    return render(request, "aup/acknowledged_page.html", context)


def _rows(version: PolicyVersion, group: Any, sought: str, *, given: bool) -> Any:
    by_name = Q(name__icontains=sought)
    rows = with_answer(group, version, given=given)
    if group.model is Subject:
        return rows.filter(by_name | Q(external_id__icontains=sought)).order_by("external_id")
    return rows.filter(by_name).order_by("name", "pk")


def _with_answers(version: PolicyVersion, rows: list[Any], among: str) -> list[tuple[Any, Acknowledgement | None]]:
    column = "person" if among == "staff" else "subject"
    found = Acknowledgement.objects.filter(version=version, **{f"{column}__in": rows})
    answers = {getattr(answer, f"{column}_id"): answer for answer in found}
    return [(row, answers.get(row.pk)) for row in rows]
