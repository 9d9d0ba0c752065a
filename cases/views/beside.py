"""What stands beside a case: notes for colleagues, and conflicts of those who would work on it."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases.conflict_forms import ConflictForm
from cases.models import Case, Conflict, Note
from cases.note_forms import NoteForm
from cases.views.console import case_page, fetch
from cases.views.desk import fetch_subject, subject_page
from tipstaff.access import StaffRequest, needs
from tipstaff.accounts.models import Subject
from tipstaff.permissions import Permission
from tipstaff.workflow.refused import NotPermitted, Refused


@require_POST
@needs(Permission.NOTE_WRITE)
def case_note(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    form = NoteForm(request.POST, prefix="note", account=case.subject is not None)
    if not form.is_valid():
        return case_page(request, case, status=422, note_form=form)
    on = case.subject if form.cleaned_data.get("about") == "account" and case.subject else case
    if refusal := _write(request, on, form):
        return case_page(request, case, status=refusal.status, note_form=form)
    return redirect(f"{case.get_absolute_url()}#notes")


@require_POST
@needs(Permission.NOTE_WRITE)
def subject_note(request: StaffRequest, external_id: str) -> HttpResponse:
    subject = fetch_subject(request, external_id)
    form = NoteForm(request.POST, prefix="note")
    if not form.is_valid():
        return subject_page(request, subject, status=422, note_form=form)
    if refusal := _write(request, subject, form):
        return subject_page(request, subject, status=refusal.status, note_form=form)
    return redirect(f"{subject.get_absolute_url()}#notes")


def _write(request: StaffRequest, on: Case | Subject, form: forms.Form) -> Refused | None:
    """Write the note, or say beside what was typed why not. The same form sent twice is one note."""
    text = form.cleaned_data["text"]
    if Note.objects.written_just_now(request.user, on, text):
        return None
    about = {"case": on} if isinstance(on, Case) else {"subject": on}
    try:
        Note(author=request.user, text=text, **about).write(actor=request.user)
    except NotPermitted:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return refusal
    messages.success(request, _("The note is written down."))
    return None


@require_POST
@needs(Permission.CONFLICT_DECLARE)
def conflict_declare(request: StaffRequest, ref: str) -> HttpResponse:
    case = fetch(request, ref)
    form = ConflictForm(request.POST, prefix="conflict")
    if not form.is_valid():
        return case_page(request, case, status=422, conflict_form=form)
    if not Conflict.objects.filter(case=case, person=request.user).exists():
        Conflict(case=case, person=request.user, **form.cleaned_data).declare(actor=request.user)
    messages.success(request, _("You are out of %(case)s. It is not offered to you any more.") % {"case": case.ref})
    may_claim = request.user.may(Permission.CASE_CLAIM)
    return redirect("cases:queue" if may_claim else "home")
