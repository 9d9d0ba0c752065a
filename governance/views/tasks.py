"""Control tasks: what decisions about the behaviour of systems ask of whoever answers for them."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from aup.models import Rule
from governance.forms import AssignForm, DismissForm, FinishForm, TaskForm
from governance.models import ControlTask
from tipstaff.access import StaffRequest, needs
from tipstaff.pages import Pages
from tipstaff.permissions import Permission
from tipstaff.time import now
from tipstaff.workflow import references
from tipstaff.workflow.history import steps_of
from tipstaff.workflow.operations import available_to
from tipstaff.workflow.refused import NotPermitted, Refused

PAGE = 50
ACTS: dict[str, type[TaskForm]] = {"assign": AssignForm, "finish": FinishForm, "dismiss": DismissForm}
CONSEQUENCES = {
    "assign": gettext_lazy("Whoever answers for that system has the task then."),
    "finish": gettext_lazy("The task ends and stays readable. The map counts the control once somebody verified it."),
    "dismiss": gettext_lazy("The task ends and stays readable with your reason."),
}


@require_safe
@needs(Permission.SYSTEM_VIEW)
def task_list(request: StaffRequest) -> HttpResponse:
    """Tasks to do, what is due first; `show` picks those that ended."""
    show = request.GET.get("show", "")
    tasks = ControlTask.objects.visible_to(request.user).select_related("system__owner")
    ended = [ControlTask.State.DONE, ControlTask.State.DISMISSED]
    tasks = tasks.filter(state__in=ended).order_by("-ended_at") if show == "ended" else tasks.open_now()
    at = now()
    page = Pages(tasks, PAGE).get_page(request.GET.get("page"))
    titles = dict(Rule.objects.in_force(at).filter(code__in={task.rule for task in page}).values_list("code", "title"))
    rows = [(task, titles.get(task.rule, ""), task.is_late(at)) for task in page]
    return render(request, "governance/control_task_list.html", {"page": page, "rows": rows, "show": show})


def fetch(request: StaffRequest, ref: str) -> ControlTask:
    tasks = ControlTask.objects.visible_to(request.user)
    return get_object_or_404(tasks.select_related("system__owner", "control", "ended_by"), ref=ref.upper())


@require_safe
@needs(Permission.SYSTEM_VIEW)
def task(request: StaffRequest, ref: str) -> HttpResponse:
    return task_page(request, fetch(request, ref))


def task_page(
    request: StaffRequest, task: ControlTask, *, status: int = 200, typed: dict[str, TaskForm] | None = None
) -> HttpResponse:
    """What was found, by when it is to be mended, and what this person may do. The decision is linked for who may see
    it; what it told the account holder stands here for everybody who may see the task.
    """
    acts = {operation.name: operation for operation in available_to(task, request.user)}
    decision: Any = references.find(task.about)
    context = {
        "task": task,
        "rule": Rule.objects.in_force(now()).filter(code=task.rule).first(),
        "found": decision.reasons if decision else "",
        "decision": references.find_many([task.about], seen_by=request.user).get(task.about),
        "late": task.is_late(now()),
        "acts": acts,
        "forms": [
            {
                "label": acts[name].label,
                "url": reverse("governance:control_task_operate", args=[task.ref, name]),
                "hint": CONSEQUENCES[name],
                "primary": name != "dismiss",
                "danger": name == "dismiss",
                "form": (typed or {}).get(name) or form(prefix=name, task=task),
            }
            for name, form in ACTS.items()
            if name in acts
        ],
        "trail": steps_of(task, limit=12),
    }
    return render(request, "governance/control_task_page.html", context, status=status)


@require_POST
@needs(Permission.SYSTEM_EDIT, Permission.CONTROL_VERIFY)
def task_operate(request: StaffRequest, ref: str, operation: str) -> HttpResponse:
    """Carry out the named act; one that is refused is said beside what was typed."""
    if operation not in ACTS:
        raise Http404
    task = fetch(request, ref)
    form = ACTS[operation](request.POST, prefix=operation, task=task)
    if not form.is_valid():
        return task_page(request, task, status=422, typed={operation: form})
    act = getattr(task, operation)
    try:
        act(actor=request.user, **form.cleaned_data)
    except NotPermitted:
        raise
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return task_page(request, fetch(request, ref), status=refusal.status, typed={operation: form})
    messages.success(request, _("Done: %(operation)s.") % {"operation": act.operation.label})
    return redirect(task)
