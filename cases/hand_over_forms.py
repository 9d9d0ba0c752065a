"""The forms with which a case changes hands, and what the console shows of how it came into them."""

from typing import Any

from django import forms
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import JSONObject
from django.utils.translation import gettext_lazy

from cases.models import Case, Hand, Passing, Skip
from cases.models.holding import NOTE_LIMIT, REASON_LIMIT
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission, roles_with


class SkipForm(forms.Form):
    reason = forms.ChoiceField(
        label=gettext_lazy("Why you leave it to others"), choices=Skip.Reason, widget=forms.RadioSelect
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=REASON_LIMIT,
        help_text=gettext_lazy("Stands in the history, for whoever takes it next."),
    )

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        if facts.get("reason") == Skip.Reason.OTHER and not facts.get("note"):
            self.add_error("note", gettext_lazy("Say in a word why, so that the next person knows."))
        return facts


class PassForm(forms.Form):
    to = forms.ModelChoiceField(
        label=gettext_lazy("To whom"),
        queryset=User.objects.none(),
        empty_label="---------",
        help_text=gettext_lazy("Colleagues who work on cases and have no other part in this one."),
        widget=forms.Select(attrs={"autofocus": True}),
    )
    note = forms.CharField(
        label=gettext_lazy("What they should know"),
        max_length=NOTE_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("They are told by mail that the case is theirs; the note itself stays in the case."),
    )

    def __init__(self, *arguments: Any, case: Case, person: User, **options: Any) -> None:
        super().__init__(*arguments, **options)
        able = self.able().exclude(pk=person.pk)
        parts = Hand.objects.filter(case=case).exclude(part=Hand.Part.INVESTIGATED)
        to: Any = self.fields["to"]
        to.queryset = able.exclude(Q(pk__in=parts.values("person"))).order_by("name")

    def able(self) -> Any:
        """Who may be chosen, whatever their part in the case."""
        return User.objects.with_role(*roles_with(Permission.CASE_CLAIM))


class EscalateForm(PassForm):
    field_order = ("to", "reason", "note")
    reason = forms.ChoiceField(label=gettext_lazy("Why"), choices=Passing.Reason, widget=forms.RadioSelect)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["to"].label = gettext_lazy("Who decides how it goes on")
        self.fields["to"].help_text = gettext_lazy("People who lead this work and have no other part in the case.")

    def able(self) -> Any:
        leading = [role for role in roles_with(Permission.CASE_LEAD) if role in roles_with(Permission.CASE_CLAIM)]
        return User.objects.with_role(*leading)


def latest_passing() -> Subquery:
    """For an annotation `passed` of cases: who passed it on last, to whom, and the note."""
    latest = Passing.objects.filter(case=OuterRef("pk")).order_by("-passed_at")
    return Subquery(
        latest.values(told=JSONObject(name="passed_by__name", to="to_id", note="note", reason="reason"))[:1]
    )


def hand_over(case: Case, person: User, acts: set[str]) -> dict[str, Any]:
    """For the console: what `person` may do to give the case away, and the note of who passed it to them. The forms
    that list colleagues come when they are opened.
    """
    context: dict[str, Any] = {"may_pass": "pass_on" in acts, "may_escalate": "escalate" in acts}
    if "skip" in acts:
        context["skip_form"] = SkipForm(prefix="skip")
    passed = getattr(case, "passed", None)
    if passed and case.claimant == person and passed["to"] == str(person.pk):
        context["passed"] = passed | {"why": dict(Passing.Reason.choices).get(passed["reason"], "")}
    return context
