"""Care for reviewers: what they saw in this shift, what they would rather not be offered, and a break."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cases.models import Case, care
from cases.models.care import OptOut
from cases.views.queue import group_titles
from tipstaff.access import StaffRequest, needs
from tipstaff.permissions import Permission
from tipstaff.time import now


class OptOutForm(forms.Form):
    is_filter = True
    groups = forms.MultipleChoiceField(
        label=gettext_lazy("Do not offer me cases about"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *arguments: Any, titles: dict[str, str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        groups: Any = self.fields["groups"]
        groups.choices = list(titles.items())


@require_safe
@needs(Permission.CASE_CLAIM)
def care_page(request: StaffRequest) -> HttpResponse:
    """Seen by nobody else; a lead reads sums over at least five people besides."""
    at, titles = now(), group_titles()
    mine = [one.rule_group for one in request.user.opt_outs.all()]
    points = care.points_of(request.user, at)
    context: dict[str, Any] = {
        "points": points,
        "budget": settings.EXPOSURE_BUDGET,
        "hours": settings.SHIFT_HOURS,
        "spent": points >= settings.EXPOSURE_BUDGET,
        "form": OptOutForm(titles=titles, initial={"groups": mine}),
        "least": care.PEOPLE_AT_LEAST,
        "days": care.SUMMED_DAYS,
    }
    if request.user.may(Permission.CASE_LEAD):
        context["sums"] = [row | {"title": titles.get(row["rule_group"], "")} for row in care.sums(at)]
    return render(request, "cases/care_page.html", context)


@require_POST
@needs(Permission.CASE_CLAIM)
def opt_out(request: StaffRequest) -> HttpResponse:
    """Keep which groups of rules are not offered. Nothing is asked and nothing is written into any history."""
    titles = group_titles()
    form = OptOutForm(request.POST, titles=titles)
    chosen = set(form.cleaned_data["groups"]) if form.is_valid() else set()
    with transaction.atomic():
        mine = OptOut.objects.filter(person=request.user)
        mine.filter(rule_group__in=titles).exclude(rule_group__in=chosen).delete()
        OptOut.objects.bulk_create(
            [OptOut(person=request.user, rule_group=group) for group in sorted(chosen)], ignore_conflicts=True
        )
    messages.success(request, _("That is kept. Only you can see it."))
    return redirect("cases:care")


@require_POST
@needs(Permission.CASE_CLAIM)
def take_break(request: StaffRequest) -> HttpResponse:
    """Give every case back that the person holds. No reason is asked."""
    held = Case.objects.filter(claimed_by=request.user, claimed_until__gt=now(), state="investigating")
    for case in held.order_by("id"):
        case.release(actor=request.user)
    return redirect("cases:on_break")


@require_safe
@needs(Permission.CASE_CLAIM)
def on_break(request: StaffRequest) -> HttpResponse:
    return render(request, "cases/care_break.html")
