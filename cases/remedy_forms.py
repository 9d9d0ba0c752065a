"""The shape of what is typed to put a breach right, and of the answer to it."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.training import Course, Question
from cases.models.remediation import NAME_LIMIT, REASONS_MINIMUM, TEXT_LIMIT, Remediation
from cases.models.remedying import UNDER_WAY
from tipstaff.vault.forms import FilesField

PLAN_MINIMUM = 30


class CheckForm(forms.Form):
    """One attempt: the same two answers to each act. `attempt` says which, so that nothing counts twice."""

    attempt = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, questions: list[Question], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.questions = questions
        for number, one in enumerate(questions, 1):
            self.fields[f"q-{one.key}"] = forms.ChoiceField(
                label=_("Act %(number)s: is this allowed?") % {"number": number},
                choices=[("allowed", _("Allowed")), ("prohibited", _("Not allowed"))],
                widget=forms.RadioSelect,
                error_messages={"required": _("Choose one.")},
            )

    @property
    def asked(self) -> list[tuple[Question, Any]]:
        return [(one, self[f"q-{one.key}"]) for one in self.questions]

    @property
    def answers(self) -> dict[str, str]:
        return {one.key: self.cleaned_data[f"q-{one.key}"] for one in self.questions}


class PlanForm(forms.Form):
    """A certification: who signs, what was done, and each statement ticked."""

    text = forms.CharField(
        label=gettext_lazy("What you changed so that it does not happen again"),
        min_length=PLAN_MINIMUM,
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("What was done, by whom, since when. A person reads it."),
    )
    files = FilesField(label=gettext_lazy("Files that show it"))  # type: ignore[assignment]
    signatory = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=NAME_LIMIT,
        help_text=gettext_lazy(
            "Typing it here is your signature. It stands under the plan and is shown to nobody else."
        ),
    )
    position = forms.CharField(
        label=gettext_lazy("Your role"),
        max_length=NAME_LIMIT,
        help_text=gettext_lazy("So that we know that you may speak for the account."),
    )

    def __init__(self, *arguments: Any, statements: list[str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.statements = statements
        for place, statement in enumerate(statements):
            self.fields[f"s-{place}"] = forms.BooleanField(
                label=statement, error_messages={"required": _("Tick this if it is so. We need all of them.")}
            )

    def clean_text(self) -> str:
        return _worded(self.cleaned_data["text"])

    @property
    def ticked(self) -> list[Any]:
        return [self[f"s-{place}"] for place in range(len(self.statements))]

    @property
    def facts(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {name: given[name].strip() for name in ("signatory", "position", "text")} | {
            "statements": [statement[:300] for statement in self.statements]
        }


class ReviewForm(forms.Form):
    """A re-evaluation: what is different now."""

    text = forms.CharField(
        label=gettext_lazy("What is different now"),
        min_length=PLAN_MINIMUM,
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("What changed in how you use the service, and how we can see it. You can be brief."),
    )
    files = FilesField(label=gettext_lazy("Files that show it"))  # type: ignore[assignment]

    def clean_text(self) -> str:
        return _worded(self.cleaned_data["text"])

    @property
    def facts(self) -> dict[str, Any]:
        return {"text": self.cleaned_data["text"].strip()}


def _worded(text: str) -> str:
    if len(text.strip()) < PLAN_MINIMUM:
        raise forms.ValidationError(
            _("Write at least %(count)s characters, so that we can follow it.") % {"count": PLAN_MINIMUM}
        )
    return text


def statements_for(course: Course) -> list[str]:
    """What is signed: three things that hold for everybody, and each control that the rule asks for."""
    said = [
        _("I may speak for this account."),
        _("Everybody who uses this account knows the rule."),
        _("What is written above is true and in place now."),
    ]
    controls = course.version.catalogue.controls(course.rule.controls)
    return said + [_("This control is in place: %(control)s.") % {"control": control["title"]} for control in controls]


class AssessForm(forms.Form):
    outcome = forms.ChoiceField(
        label=gettext_lazy("What you find"),
        choices=[("pass_assessment", gettext_lazy("Put right")), ("fail_assessment", gettext_lazy("Not put right"))],
        widget=forms.RadioSelect,
    )
    reasons = forms.CharField(
        label=gettext_lazy("Reasons, as they are sent"),
        min_length=REASONS_MINIMUM,
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("Answer what the person wrote: what convinced you, or what is still missing."),
    )


class OfferForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("What to offer"), choices=Remediation.Kind.choices)
    offered_because = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("The account holder reads this."),
    )

    @classmethod
    def beside(cls, rows: Iterable[Remediation]) -> "OfferForm | None":
        """An empty form for what is not offered yet; None where everything is, or was passed."""
        taken = {row.kind for row in rows if row.state == "passed" or row.state in UNDER_WAY}
        left = [choice for choice in Remediation.Kind.choices if choice[0] not in taken]
        if not left:
            return None
        form = cls()
        kind: Any = form.fields["kind"]
        kind.choices = left
        return form
