"""Pages of the administrator: people with their roles, and tokens for machines. Neither gives power over a case."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tipstaff.access import StaffRequest, needs, signed_in
from tipstaff.accounts.forms import PersonForm, RolesForm, TokenForm
from tipstaff.accounts.models import Token, User
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.history import steps_of
from tipstaff.workflow.operations import available_to


@require_POST
@signed_in
def keys(request: StaffRequest) -> HttpResponse:
    """Whether single letters act on this person's pages, on whatever machine. A preference, no act."""
    request.user.keys_on = request.POST.get("on") == "1"
    request.user.save(update_fields=["keys_on"])
    return HttpResponse(status=204) if request.headers.get("HX-Request") else redirect("home")


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.PERSON_MANAGE)
def people(request: StaffRequest) -> HttpResponse:
    """Everybody who works here; the form enrols one more."""
    form = PersonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        person: User = form.save(commit=False)
        person.set_unusable_password()
        person.enrol(actor=request.user)
        messages.success(
            request, _("%(name)s is enrolled and sets a password with “Forgot your password?”.") % {"name": person.name}
        )
        return redirect("accounts:people")
    word = request.GET.get("q", "").strip()[:120]
    found = User.objects.filter(Q(name__icontains=word) | Q(email__icontains=word)).order_by("-is_active", "name")[:500]
    return render(
        request, "accounts/people.html", {"people": found, "form": form, "q": word}, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.PERSON_MANAGE)
def person(request: StaffRequest, pk: UUID) -> HttpResponse:
    """One person: roles, and what was done to their account."""
    found = get_object_or_404(User.objects.visible_to(request.user), pk=pk)
    form = RolesForm(request.POST if request.method == "POST" else None, initial={"roles": found.roles})
    if request.method == "POST" and form.is_valid():
        found.change_roles(actor=request.user, roles=form.cleaned_data["roles"])
        messages.success(request, _("The roles of %(name)s are changed.") % {"name": found.name})
        return redirect(found)
    acts = {operation.name for operation in available_to(found, request.user)}
    context: dict[str, Any] = {"person": found, "form": form, "acts": acts, "trail": steps_of(found, limit=50)}
    return render(request, "accounts/person.html", context, status=422 if form.errors else 200)


@require_POST
@needs(Permission.PERSON_MANAGE)
def person_deactivate(request: StaffRequest, pk: UUID) -> HttpResponse:
    found = get_object_or_404(User.objects.visible_to(request.user), pk=pk)
    found.deactivate(actor=request.user)
    messages.success(request, _("%(name)s can no longer sign in.") % {"name": found.name})
    return redirect(found)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.TOKEN_MANAGE)
def tokens(request: StaffRequest) -> HttpResponse:
    """Tokens for machines; a new one's secret is on this page once and never again."""
    form = TokenForm(request.POST if request.method == "POST" else None)
    secret = ""
    if request.method == "POST" and form.is_valid():
        facts = form.cleaned_data
        token, secret = Token.draw(
            name=facts["name"], scopes=facts["scopes"], granted_by=request.user, days=facts["days"]
        )
        token.grant(actor=request.user)
        form = TokenForm()
    listed = Token.objects.visible_to(request.user).select_related("granted_by")[:500]
    context = {"tokens": listed, "form": form, "secret": secret, "at": now()}
    response = render(request, "accounts/tokens.html", context, status=422 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@needs(Permission.TOKEN_MANAGE)
def token_revoke(request: StaffRequest, pk: UUID) -> HttpResponse:
    token = get_object_or_404(Token.objects.visible_to(request.user), pk=pk)
    token.revoke(actor=request.user)
    messages.success(request, _("%(name)s can no longer call.") % {"name": token.name})
    return redirect("accounts:tokens")
