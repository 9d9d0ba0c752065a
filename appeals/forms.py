"""The shape of an appeal and of its answer."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appeals.models import REASONS_MINIMUM, TEXT_LIMIT, Appeal
from tipstaff.vault.forms import FilesField


class AppealForm(forms.Form):
    ground = forms.ChoiceField(
        label=gettext_lazy("What is wrong with the decision?"), choices=[("", "---------"), *Appeal.Ground.choices]
    )
    text = forms.CharField(
        label=gettext_lazy("Why?"),
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("Tell us what we missed, or why the rule does not apply. You can be brief."),
    )
    files = FilesField(label=gettext_lazy("Files that support your appeal"))  # type: ignore[assignment]
    contact = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        required=False,
        help_text=gettext_lazy("Where we send the answer. Leave it empty to use the address of the account."),
    )


class ReporterAppealForm(AppealForm):
    contact = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        required=False,
        help_text=gettext_lazy("Where we send the answer. Leave it empty to use the address you gave with the report."),
    )


class StayForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why they should not go on meanwhile"),
        max_length=300,
        help_text=gettext_lazy("Such as harm that could not be undone. It stands in the history."),
    )


class ReasonsForm(forms.Form):
    reasons = forms.CharField(
        label=gettext_lazy("Reasons, as they are sent"),
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text=gettext_lazy("Answer each thing the person said. They read this as you write it."),
    )
    tier = forms.ChoiceField(label=gettext_lazy("Milder tier, if you make it milder"), required=False)

    def __init__(self, *arguments: Any, appeal: Appeal, **options: Any) -> None:
        super().__init__(*arguments, **options)
        tiers = appeal.milder_tiers
        if tiers:
            self.fields["tier"].choices = [
                ("", "---------"),
                *((tier["code"], f"{tier['code']}: {tier['title']}") for tier in tiers),
            ]
        else:
            del self.fields["tier"]

    def clean_reasons(self) -> str:
        reasons = self.cleaned_data["reasons"].strip()
        if len(reasons) < REASONS_MINIMUM:
            raise forms.ValidationError(
                _("Write at least %(count)s characters: the person has waited for an answer.")
                % {"count": REASONS_MINIMUM}
            )
        return reasons


class InadmissibleForm(forms.Form):
    reason = forms.ChoiceField(
        label=gettext_lazy("Why it is not heard"), choices=[("", "---------"), *Appeal.Inadmissible.choices]
    )
