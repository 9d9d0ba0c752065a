"""Translating at the desk: how far a version is translated, and one translation beside its original."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from aup import coverage
from aup.coverage import Thing
from aup.digests import digest
from aup.models import PolicyVersion, Translation
from aup.models.version import POLICY_PERMISSIONS
from aup.translation_form import LABELS, TranslationForm
from aup.wording import Standing, targets
from tipstaff.access import needs
from tipstaff.languages import described, direction
from tipstaff.permissions import Permission
from tipstaff.workflow.refused import Refused


def _version(request: HttpRequest, ref: str) -> PolicyVersion:
    rows = PolicyVersion.objects.visible_to(request.user).select_related("policy")
    return get_object_or_404(rows, ref=ref.upper())


def _language(code: str) -> str:
    if code not in targets():
        raise Http404
    return code


def address(version: PolicyVersion, language: str, about: Thing) -> str:
    """The page on which `about` is translated."""
    if about.kind == "version":
        return reverse("aup:translation_about", args=[version.ref, language])
    return reverse("aup:translation", args=[version.ref, language, about.kind, about.code])


@require_safe
@needs(*POLICY_PERMISSIONS)
def translations(request: HttpRequest, ref: str) -> HttpResponse:
    """Every text of the version against every language: current, stale or missing."""
    version = _version(request, ref)
    person: Any = request.user
    entries = coverage.of(version)
    rows = [
        (entry.thing, [(code, standing, address(version, code, entry.thing)) for code, standing in cells.items()])
        for entry in entries
        for cells in (entry.standings,)
    ]
    context = {
        "version": version,
        "rows": rows,
        "totals": coverage.totals(entries),
        "names": [described(code)["name_translated"] for code in targets()],
        "may_translate": person.may(Permission.POLICY_TRANSLATE),
    }
    return render(request, "aup/translation_list.html", context)


@require_safe
@needs(Permission.POLICY_TRANSLATE)
def translation_next(request: HttpRequest, ref: str, language: str) -> HttpResponse:
    """On to what is missing or stale next, after `?after=`."""
    version = _version(request, ref)
    found = _next(version, _language(language), request.GET.get("after", ""))
    return redirect(found or _done(request, version, language))


def _next(version: PolicyVersion, language: str, key: str) -> str:
    found = coverage.next_after(coverage.of(version), language, key)
    return address(version, language, found) if found else ""


def _done(request: HttpRequest, version: PolicyVersion, language: str) -> str:
    name = described(language)["name_translated"]
    messages.success(request, _("Everything is translated and current: %(language)s.") % {"language": name})
    return reverse("aup:translations", args=[version.ref])


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.POLICY_TRANSLATE)
def translation(request: HttpRequest, ref: str, language: str, kind: str = "version", code: str = "") -> HttpResponse:
    """One translation beside its original. What somebody else wrote meanwhile is shown before it is replaced."""
    version = _version(request, ref)
    about = coverage.thing(version, kind, code.upper())
    if about is None:
        raise Http404
    row = coverage.translation_of(about, version, _language(language))
    if request.method != "POST":
        return _page(request, about, row, TranslationForm(row=row, original=about.original))
    form = TranslationForm(request.POST, row=row, original=about.original)
    if "take_out" in request.POST:
        if row._state.adding:
            raise Refused(_("There is no translation to take out."))
        row.take_out(actor=request.user, code=about.code, opened=request.POST.get("opened", ""))
        messages.success(request, _("The translation is taken out; the original is shown again."))
        return redirect("aup:translations", version.ref)
    if _overtaken(request, form):
        return _again(request, about, row, form)
    if not form.is_valid():
        return _page(request, about, row, form, status=422)
    try:
        _save(request, about, row, form)
    except Refused as refused:
        form.add_error(None, str(refused))
        return _page(request, about, row, form, status=409)
    messages.success(request, _("Saved."))
    if "next" in request.POST:
        return redirect(_next(version, language, about.key) or _done(request, version, language))
    return redirect("aup:translations", version.ref)


def _overtaken(request: HttpRequest, form: TranslationForm) -> bool:
    """Whether translation or original are not what the page showed. What is saved already was only sent twice."""
    if request.POST.get("seen") != digest(form.original):
        return True
    if request.POST.get("opened") == form.opened_as:
        return False
    return not (form.is_valid() and form.words == form.row.words)


def _save(request: HttpRequest, about: Thing, row: Translation, form: TranslationForm) -> None:
    person: Any = request.user
    facts = {"code": about.code, "words": form.words, "seen": form.cleaned_data["seen"]}
    if row._state.adding:
        row.write(actor=person, **facts)
    elif row.words != form.words or Standing.of(row, about.original).status != "current":
        row.renew(actor=person, opened=digest(row.words), **facts)


def _again(request: HttpRequest, about: Thing, row: Translation, form: TranslationForm) -> HttpResponse:
    """What was typed, with what is there by now; saving again puts it in that place."""
    renewed = request.POST.copy()
    others: list[tuple[str, Any]] = []
    if request.POST.get("opened") != form.opened_as:
        typed = form.words if form.is_valid() else {}
        others = [(str(LABELS[part]), words) for part, words in row.words.items() if typed.get(part) != words]
    changed = request.POST.get("seen") != digest(form.original)
    renewed["opened"], renewed["seen"] = form.opened_as, digest(form.original)
    again = TranslationForm(renewed, row=row, original=about.original)
    meanwhile = {"others": others, "changed": changed, "left_over": form.left_over(), "gone": not row.words}
    return _page(request, about, row, again, status=409, meanwhile=meanwhile)


def _page(
    request: HttpRequest,
    about: Thing,
    row: Translation,
    form: TranslationForm,
    status: int = 200,
    meanwhile: dict[str, Any] | None = None,
) -> HttpResponse:
    context = {
        "version": row.version,
        "about": about,
        "row": row,
        "form": form,
        "language": described(row.language)["name_translated"],
        "direction": direction(row.language),
        "standing": Standing.of(row, about.original),
        "meanwhile": meanwhile,
        "next_url": reverse("aup:translation_next", args=[row.version.ref, row.language], query={"after": about.key}),
    }
    return render(request, "aup/translation_edit.html", context, status=status)
