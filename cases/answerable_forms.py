"""How it is said who answers for an entrance."""

from django import forms
from django.core.validators import EmailValidator, URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.models.answerable import ELIGIBLE, NAME_LIMIT, REASON_LIMIT, Answerable
from tipstaff.permissions import Role


class AnswerableForm(forms.ModelForm):
    after = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=[(role, Role(role).label) for role in ELIGIBLE],
        help_text=gettext_lazy("One that decides cases, so that who answers can also act."),
    )

    class Meta:
        model = Answerable
        fields = ["role", "name", "contact", "reason"]
        labels = {
            "name": gettext_lazy("Name"),
            "contact": gettext_lazy("How to reach them"),
            "reason": gettext_lazy("Why it changes"),
        }
        help_texts = {
            "name": gettext_lazy("Everybody reads it: on the entrance, on receipts, and under “How we enforce”."),
            "contact": gettext_lazy("An e-mail or web address that everybody may see; a shared one lasts longer."),
            "reason": gettext_lazy("Stands in the history, for whoever asks later. Nobody outside reads it."),
        }
        widgets = {
            "name": forms.TextInput(attrs={"maxlength": NAME_LIMIT, "autocomplete": "off"}),
            "reason": forms.TextInput(attrs={"maxlength": REASON_LIMIT}),
        }

    def clean_contact(self) -> str:
        contact = self.cleaned_data["contact"].strip()
        check = URLValidator(schemes=["http", "https"]) if "://" in contact else EmailValidator()
        try:
            check(contact)
        except forms.ValidationError as error:
            raise forms.ValidationError(
                _("Give an e-mail address, or a web address that begins with https.")
            ) from error
        return contact

    def validate_constraints(self) -> None:
        """Left to the operation, which completes the row before the database looks at it."""
