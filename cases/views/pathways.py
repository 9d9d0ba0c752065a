"""The other entrances for reports than everybody's: for auditors, for those who work here, for partners."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from cases import pathways
from cases.models.answerable import Pathway
from cases.views.public import report_page
from tipstaff.access import StaffRequest, needs, public
from tipstaff.permissions import Permission


@public
@require_http_methods(["GET", "HEAD", "POST"])
def report_auditor(request: HttpRequest) -> HttpResponse:
    """The entrance of auditors. What they say of themselves gives them no rank; a finding has a clock of its own."""
    return report_page(request, pathway=Pathway.AUDITOR)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.REPORT_FILE)
def report_internal(request: StaffRequest) -> HttpResponse:
    """The entrance of those who work here: under their own name, which keeps them out of every other part."""
    return report_page(request, pathway=Pathway.INTERNAL)


@public
@require_safe
def report_partner(request: HttpRequest) -> HttpResponse:
    """How partners and authorities report: there is no form here, because nobody declares themselves one."""
    return render(request, "cases/report_partner.html", pathways.shown(Pathway.PARTNER))
