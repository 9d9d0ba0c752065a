"""What an administrator says of a failed task."""

from django import forms
from django.utils.translation import gettext_lazy

from tipstaff.jobs.models import DeadLetter
from tipstaff.jobs.models.letter import REASON_LIMIT


class SearchForm(forms.Form):
    is_filter = True
    task = forms.CharField(label=gettext_lazy("Task"), max_length=200, required=False)
    standing = forms.ChoiceField(
        label=gettext_lazy("State"),
        choices=[*DeadLetter.Standing.choices, ("all", gettext_lazy("All"))],
        required=False,
    )


class DismissForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=REASON_LIMIT,
        help_text=gettext_lazy("For the history. If the task fails again, it is listed again."),
    )
