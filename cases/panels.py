"""What the case page shows of matters that have a template of their own."""

from typing import Any

from django.db.models import Exists, OuterRef

from cases.interim_forms import InterimForm, LiftInterimForm, RuleOutForm
from cases.models import Case, Interim, Referral, Withholding
from cases.models.interim import may_answer, may_impose
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission
from tipstaff.workflow.operations import available_to


def there() -> dict[str, Exists]:
    """To be read with the row of the case: which of these matters it has, so that the others cost no query."""
    kinds: dict[str, Any] = {"interims": Interim, "referrals": Referral, "withholdings": Withholding}
    return {f"has_{name}": Exists(model.objects.filter(case=OuterRef("pk"))) for name, model in kinds.items()}


def rows_of(case: Case, name: str) -> Any:
    """The rows of one of these matters."""
    rows = getattr(case, name)
    return rows.all() if getattr(case, f"has_{name}", True) else rows.none()


def interim_panel(case: Case, person: User) -> dict[str, Any]:
    """What was answered to the question of an interim measure, and the forms of who may answer it. One query."""
    answers = list(rows_of(case, "interims").select_related("answered_by", "seconded_by", "measure__acknowledged_by"))
    for answer in answers:
        answer.case = case
        if answer.needed:
            answer.measure.interim = answer
    running = next((answer for answer in answers if answer.is_in_force), None)
    context: dict[str, Any] = {"interims": answers, "interim_running": running}
    if running is not None:
        acts = {operation.name for operation in available_to(running, person)}
        context |= {"interim_acts": acts, "interim_lift_form": LiftInterimForm(prefix="interim-lift")}
    draft = Interim(case=case, needed=True)
    if running is not None or not person.may(Permission.INTERIM_ANSWER) or draft.cap is None:
        return context
    if may_answer(draft, person) is None:
        context["interim_refusal"] = may_impose(draft, person) if answers else None
        context["interim_form"] = InterimForm(prefix="interim", interim=draft)
        if not answers:
            context["rule_out_form"] = RuleOutForm(prefix="interim-none")
    return context


def authority_panel(case: Case, person: User) -> dict[str, Any]:
    """What an authority was told, and what is kept from the account holder. Two queries."""
    return {
        "referrals": list(rows_of(case, "referrals")),
        "withheld": next((order for order in rows_of(case, "withholdings") if order.in_force), None),
        "may_refer": person.may(Permission.REFERRAL_MAKE) or person.may(Permission.NOTICE_WITHHOLD),
    }
