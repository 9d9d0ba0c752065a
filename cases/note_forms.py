"""The shape of a note."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from cases.models.note import TEXT_LIMIT


class NoteForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("What colleagues should know"),
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Stays as it is: what is wrong is put right by another note. Name nobody without need."),
    )
    about = forms.ChoiceField(
        label=gettext_lazy("It is about"),
        choices=[("case", gettext_lazy("this case")), ("account", gettext_lazy("the account, for every case of it"))],
        initial="case",
        widget=forms.RadioSelect,
    )

    def __init__(self, *arguments: Any, account: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if not account:
            del self.fields["about"]
