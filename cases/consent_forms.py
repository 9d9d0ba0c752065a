"""The question whether a reporter may be named, as somebody on the desk writes it."""

from django import forms
from django.utils.translation import gettext_lazy

from cases.models import Consent
from cases.models.consent import PURPOSE_LIMIT


class ConsentForm(forms.ModelForm):
    class Meta:
        model = Consent
        fields = ["recipient", "recipient_name", "purpose"]
        labels = {
            "recipient": gettext_lazy("Who would be told"),
            "recipient_name": gettext_lazy("Which one, by name"),
            "purpose": gettext_lazy("What for"),
        }
        help_texts = {
            "recipient_name": gettext_lazy("Leave it empty only where any of the kind is meant."),
            "purpose": gettext_lazy("One or two plain sentences; the reporter reads them as you write them."),
        }
        widgets = {"purpose": forms.Textarea(attrs={"rows": 3, "maxlength": PURPOSE_LIMIT})}

    def validate_constraints(self) -> None:
        """Left to the operation, which says in words what is wrong."""
