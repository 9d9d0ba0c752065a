"""The reports of a case, in pages, and taking some of them out into a case of their own."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cases.about_forms import AboutForm
from cases.models import Case
from cases.views.context import fetch
from tipstaff.access import StaffRequest, needs
from tipstaff.accounts.models import Subject
from tipstaff.pages import Pages
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow.operations import available_to
from tipstaff.workflow.refused import NotPermitted, Refused

PAGE = 50


class SplitForm(AboutForm):
    field_order = ("what", "external_id", "system", "rule", "severity", "reason")
    reason = forms.CharField(label=gettext_lazy("Why they are another matter"), max_length=300)
    subject: Subject | None = None

    def __init__(self, *arguments: Any, case: Case, **options: Any) -> None:
        super().__init__(*arguments, **options)
        rule: Any = self.fields["rule"]
        rule.offer(now())
        if case.subject:
            self.initial.setdefault("external_id", case.subject.external_id)
        self.initial.setdefault("severity", case.severity)

    def clean(self) -> dict[str, Any]:
        facts = super().clean()
        if typed := facts.get("external_id"):
            self.subject = Subject.objects.filter(external_id=typed.strip()).first()
            if self.subject is None:
                self.add_error("external_id", _("We know no such account. Triage a report about it first."))
        return facts


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.CASE_VIEW)
def case_reports(request: StaffRequest, ref: str) -> HttpResponse:
    """Every report of the case; a lead chooses some that go into another case."""
    case = fetch(request, ref)
    if request.method != "POST":
        return _page(request, case)
    form = SplitForm(request.POST, case=case)
    chosen = request.POST.getlist("report")[:PAGE]
    if not chosen:
        form.add_error(None, _("Choose the reports that go."))
    if not form.is_valid():
        return _page(request, case, form, chosen, status=422)
    facts = {name: form.cleaned_data[name] for name in ("system", "rule", "severity", "reason")}
    try:
        into = case.split(actor=request.user, reports=chosen, subject=form.subject, **facts)
    except NotPermitted:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, fetch(request, ref), form, chosen, status=refusal.status)
    messages.success(request, _("The reports are in %(case)s now.") % {"case": into.ref})
    return redirect(into)


def _page(
    request: StaffRequest, case: Case, form: SplitForm | None = None, chosen: list[str] | None = None, status: int = 200
) -> HttpResponse:
    acts = {operation.name for operation in available_to(case, request.user)}
    page = Pages(case.reports.select_related("rule", "flagger").order_by("received_at", "id"), PAGE)
    several = case.reports.filter(state="accepted")[:2].count() > 1
    context = {
        "case": case,
        "page": page.get_page(request.GET.get("page")),
        "form": (form or SplitForm(case=case)) if form or ("split" in acts and several) else None,
        "alone": "split" in acts and not several and form is None,
        "chosen": chosen or [],
    }
    return render(request, "cases/case_reports.html", context, status=status)
