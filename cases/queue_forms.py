"""The filters of the queue: their shape as typed, as kept, and as claim-next reads them."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from cases.forms import SEVERITIES
from cases.models import QueueFilter, Report


class FilterForm(forms.Form):
    """What it does not know it leaves out, so that an old filter still works."""

    is_filter = True
    severity = forms.TypedChoiceField(
        label=gettext_lazy("Severity"),
        choices=[("", gettext_lazy("Every severity")), *reversed(SEVERITIES)],
        coerce=int,
        empty_value=None,
        required=False,
    )
    group = forms.ChoiceField(label=gettext_lazy("Rules"), required=False)
    language = forms.ChoiceField(
        label=gettext_lazy("Reported in"),
        choices=[("", gettext_lazy("Every language")), *settings.LANGUAGES],
        required=False,
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("Reported by way of"),
        choices=[("", gettext_lazy("Every way")), *Report.Channel.choices],
        required=False,
    )
    flagged = forms.BooleanField(label=gettext_lazy("From trusted flaggers"), required=False)
    late = forms.BooleanField(label=gettext_lazy("Late"), required=False)
    free = forms.BooleanField(label=gettext_lazy("Held by nobody"), required=False)
    waiting = forms.BooleanField(label=gettext_lazy("Waiting for an answer"), required=False)

    def __init__(self, data: Any, groups: Callable[[], dict[str, str]]) -> None:
        """`groups` is asked for their titles when the form is shown, or to see whether the chosen one is among them."""
        super().__init__(data)
        self.groups = cache(groups)
        group: Any = self.fields["group"]
        group.choices = self.group_choices

    def group_choices(self) -> list[tuple[str, Any]]:
        groups, chosen = self.groups(), self.data.get("group", "")
        known = groups if chosen in groups or not chosen.isalnum() or len(chosen) > 10 else {**groups, chosen: chosen}
        return [("", gettext_lazy("Every group")), *known.items()]

    @property
    def facts(self) -> dict[str, Any]:
        self.is_valid()  # what is not stays out
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def query(self) -> str:
        made = QueryDict(mutable=True)
        made.update({name: "on" if value is True else str(value) for name, value in self.facts.items()})
        return made.urlencode()


class SaveFilterForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Keep this filter as"), max_length=QueueFilter._meta.get_field("name").max_length
    )
    is_default = forms.BooleanField(
        label=gettext_lazy("Use it whenever I open the queue, and for the next case"), required=False
    )
