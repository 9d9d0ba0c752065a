"""Whom or what a report is about: an account, or the system itself. For accepting it, and for splitting it off."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.models import PolicyVersion
from cases.forms import SEVERITIES, RuleChoice
from cases.models import Report
from cases.models.gathering import severity_refused
from governance.models import AISystem
from tipstaff.accounts.models import Subject
from tipstaff.time import now

ACCOUNT, SYSTEM = "account", "system"


class SystemChoice(forms.ModelChoiceField):
    def label_from_instance(self, system: Any) -> str:
        return f"{system.ref} {system.name}"


class AboutForm(forms.Form):
    """`what` chooses which fields count: those of the account are not looked at where the system did it. A program that
    leaves out `what` means an account.
    """

    use_required_attribute = False  # the account is needed or not by what is chosen above it

    what = forms.TypedChoiceField(
        label=gettext_lazy("What did this?"),
        choices=[
            (ACCOUNT, gettext_lazy("A person or an account")),
            (SYSTEM, gettext_lazy("The system itself, without anybody making it")),
        ],
        initial=ACCOUNT,
        empty_value=ACCOUNT,
        widget=forms.RadioSelect,
    )
    external_id = forms.CharField(
        label=gettext_lazy("Account"),
        max_length=120,
        error_messages={"required": gettext_lazy("Name the account, or say above that the system itself did it.")},
        validators=Subject._meta.get_field("external_id").validators,
        widget=forms.TextInput(attrs={"list": "known-accounts", "autocomplete": "off"}),
    )
    system = SystemChoice(
        label=gettext_lazy("Which system, if it did this itself"),
        queryset=AISystem.objects.none(),
        required=False,
        empty_label=gettext_lazy("Not known yet"),
        to_field_name="ref",
    )
    rule = RuleChoice(label=gettext_lazy("Rule alleged"))
    severity = forms.TypedChoiceField(label=gettext_lazy("Severity"), choices=SEVERITIES, coerce=int)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["system"].queryset = AISystem.objects.standing()  # type: ignore[attr-defined]
        what = self.data.get(self.add_prefix("what")) if self.is_bound else ACCOUNT
        self.fields["what"].required = bool(what)
        self.fields["external_id"].required = what != SYSTEM
        self.initial.setdefault("what", ACCOUNT)

    @property
    def about_system(self) -> bool:
        return bool(self.cleaned_data.get("what") == SYSTEM)

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        if facts.get("what") == SYSTEM:
            facts["external_id"] = ""
            self.errors.pop("external_id", None)
        elif facts.get("system"):
            self.add_error("system", _("Say above that the system itself did it, or leave this at “Not known yet”."))
        rule, severity = facts.get("rule"), facts.get("severity")
        if rule and severity and (refusal := severity_refused(rule, severity)):
            self.add_error("severity", refusal)
        return facts


class AcceptForm(AboutForm):
    field_order = ("what", "external_id", "kind", "contact", "system", "rule", "severity")
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind, if it is new"), choices=Subject.Kind, initial=Subject.Kind.END_USER
    )
    contact = forms.EmailField(
        label=gettext_lazy("Contact, if it is new"),
        required=False,
        help_text=gettext_lazy("Where the account holder is told what is decided."),
    )

    def __init__(self, *arguments: Any, report: Report, **options: Any) -> None:
        super().__init__(*arguments, **options)
        known = PolicyVersion.objects.in_force(report.conduct_at)  # none: the day typed lies before any policy
        rule: Any = self.fields["rule"]
        rule.offer(report.conduct_at if known else now())
        self.fields["external_id"].help_text = _(
            "The provider's id of the account. One that is not known yet is added."
        )
        self.fields["kind"].required = not self.is_bound or "kind" in self.data
        self.initial.setdefault("rule", report.rule.code if report.rule else None)
        self.initial.setdefault("severity", report.severity)

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or Subject.Kind.END_USER
