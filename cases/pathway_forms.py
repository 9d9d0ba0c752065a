"""What each entrance asks, and why."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.forms import ReportForm
from cases.models.answerable import Pathway
from cases.models.report import MANDATE_LIMIT


class AuditorForm(ReportForm):
    """A finding: it needs somebody to answer to, and the engagement that it belongs to."""

    field_order = ("submission", "mandate", "contact", "rule", "description")
    mandate = forms.CharField(
        label=gettext_lazy("For whom do you audit, and under which engagement?"),
        max_length=MANDATE_LIMIT,
        help_text=gettext_lazy("So that the answer reaches those who asked for the audit, and cites their reference."),
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["rule"].label = _("Which rule or control is it about?")
        self.fields["description"].label = _("What did you find?")
        self.fields["description"].help_text = _(
            "What you looked at, what you found, and what you expected. We answer to exactly this."
        )
        contact = self.fields["contact"]
        contact.required = True
        contact.help_text = _("We acknowledge a finding in writing, and send the answer there.")


class InternalForm(ReportForm):
    """Of somebody who works here: who they are is known from the sign-in, and so is where they read mail."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        del self.fields["contact"]


FORMS: dict[Pathway, type[ReportForm]] = {Pathway.AUDITOR: AuditorForm, Pathway.INTERNAL: InternalForm}
