"""Writing a draft at the desk: its rules, groups, linked documents and what it says about itself."""

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from aup import vagueness
from aup.digests import digest, parts
from aup.forms import NumberForm
from aup.loading import draft_from
from aup.models import PolicyVersion, Rule
from aup.models.drafting import DOWN, UP, as_fact
from aup.models.version import POLICY_PERMISSIONS
from aup.rule_form import RuleForm, changed_since
from aup.schema import SCOPE_KEYS
from aup.writing_forms import AboutForm, GroupForm, LinkForm
from tipstaff.access import needs
from tipstaff.permissions import Permission

form_page = require_http_methods(["GET", "HEAD", "POST"])
State = PolicyVersion.State


def _version(request: HttpRequest, ref: str) -> PolicyVersion:
    rows = PolicyVersion.objects.visible_to(request.user).select_related("policy", "matrix", "catalogue", "based_on")
    return get_object_or_404(rows, ref=ref.upper())


def _draft(request: HttpRequest, ref: str) -> PolicyVersion:
    """The version whose text a page edits; of any other state there is nothing to edit."""
    version = _version(request, ref)
    if version.state != State.DRAFT and request.method != "POST":
        raise Http404
    return version


@require_POST
@needs(Permission.POLICY_EDIT)
def draft_next(request: HttpRequest, ref: str) -> HttpResponse:
    """A new draft that says what this version says."""
    version = _version(request, ref)
    form = NumberForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give the new version a number, such as 1.1."))
        return redirect(version)
    person: Any = request.user
    draft = draft_from(version, actor=person, number=form.cleaned_data["number"].strip())
    return redirect("aup:text", draft.ref)


@require_safe
@needs(*POLICY_PERMISSIONS)
def text(request: HttpRequest, ref: str) -> HttpResponse:
    """Groups and rules of a version, each rule with what it lacks and its vague words."""
    return _text_page(request, _version(request, ref))


def _text_page(
    request: HttpRequest, version: PolicyVersion, link_form: LinkForm | None = None, status: int = 200
) -> HttpResponse:
    person: Any = request.user
    families: dict[Any, list[tuple[Rule, list[str], list[str]]]] = {group.pk: [] for group in version.groups.all()}
    for rule in version.rules.order_by("position").prefetch_related("examples"):
        words = [mark.word for mark in vagueness.marks(rule.document)]
        families[rule.group_id].append((rule, rule.lacking(), words))
    rows = [row for family in families.values() for row in family]
    context = {
        "version": version,
        "families": [(group, families[group.pk]) for group in version.groups.all()],
        "links": version.linked_documents.all(),
        "link_form": link_form or LinkForm(),
        "editable": version.state == State.DRAFT and person.may(Permission.POLICY_EDIT),
        "count": len(rows),
        "lacking": sum(1 for _rule, lacks, _words in rows if lacks),
        "vague": sum(1 for _rule, _lacks, words in rows if words),
    }
    return render(request, "aup/text_page.html", context, status=status)


@form_page
@needs(Permission.POLICY_EDIT)
def about(request: HttpRequest, ref: str) -> HttpResponse:
    """What the version says about itself."""
    version = _draft(request, ref)
    said = version.description
    scope = {f"scope_{part}": version.scope.get(part, []) for part in SCOPE_KEYS}
    initial = {**said, **scope, "opened": digest(said)}
    form = AboutForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        person: Any = request.user
        version.describe(actor=person, said=form.document, opened=form.cleaned_data["opened"])
        messages.success(request, _("Saved."))
        return redirect("aup:text", version.ref)
    title = _("About version %(number)s") % {"number": version.number}
    return _form_page(request, version, form, title)


def _form_page(request: HttpRequest, version: PolicyVersion, form: Any, title: str) -> HttpResponse:
    context = {"version": version, "form": form, "title": title}
    return render(request, "aup/text_form.html", context, status=422 if form.errors else 200)


@form_page
@needs(Permission.POLICY_EDIT)
def group_new(request: HttpRequest, ref: str) -> HttpResponse:
    return _group(request, _draft(request, ref), "")


@form_page
@needs(Permission.POLICY_EDIT)
def group_edit(request: HttpRequest, ref: str, code: str) -> HttpResponse:
    return _group(request, _draft(request, ref), code.upper())


def _group(request: HttpRequest, version: PolicyVersion, code: str) -> HttpResponse:
    row = get_object_or_404(version.groups, code=code) if code else None
    initial = row.document | {"opened": digest(row.document)} if row else {}
    form = GroupForm(request.POST or None, initial=initial, code=code)
    if request.method == "POST" and form.is_valid():
        person: Any = request.user
        version.write_group(actor=person, group=form.document, opened=form.cleaned_data["opened"])
        messages.success(request, _("Saved."))
        return redirect("aup:text", version.ref)
    title = _("Group %(code)s") % {"code": code} if code else _("New group")
    return _form_page(request, version, form, title)


@require_POST
@needs(Permission.POLICY_EDIT)
def group_act(request: HttpRequest, ref: str, code: str, act: str) -> HttpResponse:
    """Move a group up or down, or take it out."""
    version, person = _version(request, ref), request.user
    if act in {UP, DOWN}:
        version.move_group(actor=person, code=code.upper(), direction=act)
    elif act == "remove":
        version.remove_group(actor=person, code=code.upper())
    else:
        raise Http404
    return redirect("aup:text", version.ref)


@form_page
@needs(Permission.POLICY_EDIT)
def rule_new(request: HttpRequest, ref: str) -> HttpResponse:
    return _rule(request, _draft(request, ref), None)


@form_page
@needs(Permission.POLICY_EDIT)
def rule_edit(request: HttpRequest, ref: str, code: str) -> HttpResponse:
    """One rule as a form; saving over what somebody else saved meanwhile is refused once, with what they changed."""
    version = _draft(request, ref)
    row = version.rule_in(code.upper())
    if row is None:
        raise Http404
    return _rule(request, version, row)


def _rule(request: HttpRequest, version: PolicyVersion, row: Rule | None) -> HttpResponse:
    if request.method != "POST":
        return _rule_page(request, RuleForm(version=version, row=row, group=request.GET.get("group", "")))
    form = RuleForm(request.POST, version=version, row=row)
    if "more_allowed" in request.POST or "more_prohibited" in request.POST:
        form.errors.clear()
        return _rule_page(request, form)
    if row and request.POST.get("opened") != digest(row.opened_as):
        others = changed_since(request.POST.get("seen", ""), row.opened_as)
        renewed = request.POST.copy()
        renewed["opened"], renewed["seen"] = digest(row.opened_as), json.dumps(parts(row.opened_as))
        return _rule_page(request, RuleForm(renewed, version=version, row=row), others, status=409)
    if not form.is_valid():
        return _rule_page(request, form, status=422)
    person: Any = request.user
    given = form.cleaned_data
    version.write_rule(actor=person, group=given["group"], rule=as_fact(form.rule), opened=given["opened"])
    messages.success(request, _("Rule %(code)s is saved.") % {"code": form.rule["code"]})
    return redirect("aup:text", version.ref)


def _rule_page(
    request: HttpRequest, form: RuleForm, others: list[tuple[str, str]] | None = None, status: int = 200
) -> HttpResponse:
    lacking = form.row.lacking() if form.row else []
    context = {"form": form, "version": form.version, "rule": form.row, "others": others, "lacking": lacking}
    return render(request, "aup/rule_edit.html", context, status=status)


@require_POST
@needs(Permission.POLICY_EDIT)
def rule_act(request: HttpRequest, ref: str, code: str, act: str) -> HttpResponse:
    """Move a rule up or down, or take it out."""
    version, person = _version(request, ref), request.user
    if act in {UP, DOWN}:
        version.move_rule(actor=person, code=code.upper(), direction=act)
    elif act == "remove":
        version.remove_rule(actor=person, code=code.upper(), opened=request.POST.get("opened", ""))
        messages.success(request, _("Rule %(code)s is taken out.") % {"code": code.upper()})
    else:
        raise Http404
    return redirect("aup:text", version.ref)


@require_POST
@needs(Permission.POLICY_EDIT)
def link(request: HttpRequest, ref: str) -> HttpResponse:
    """Link a document of another kind."""
    version = _version(request, ref)
    form = LinkForm(request.POST)
    if not form.is_valid():
        return _text_page(request, version, form, status=422)
    person: Any = request.user
    version.link_document(actor=person, document=form.document)
    return redirect("aup:text", version.ref)


@require_POST
@needs(Permission.POLICY_EDIT)
def unlink(request: HttpRequest, ref: str) -> HttpResponse:
    version = _version(request, ref)
    person: Any = request.user
    version.unlink_document(actor=person, title=request.POST.get("title", ""))
    return redirect("aup:text", version.ref)
