"""Enrolling people, changing their roles, and granting tokens."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.accounts.models import Token, User
from tipstaff.permissions import SCOPE_WORDS, Role

TOKEN_DAYS = [(30, gettext_lazy("30 days")), (90, gettext_lazy("90 days")), (365, gettext_lazy("1 year"))]


class PersonForm(forms.ModelForm):
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles"), choices=Role.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = User
        fields = ["name", "email", "roles"]

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(_("Somebody has this address already."))
        return email


class RolesForm(forms.Form):
    is_filter = True  # ticking none is an answer, so nothing is marked optional
    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles"), choices=Role.choices, widget=forms.CheckboxSelectMultiple, required=False
    )


class TokenForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=[(str(scope), words) for scope, words in SCOPE_WORDS.items()],
        help_text=gettext_lazy(
            "Give as little as the program needs: a gateway needs only what is said about measures."
        ),
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(label=gettext_lazy("Ends after"), choices=TOKEN_DAYS, coerce=int)

    class Meta:
        model = Token
        fields = ["name", "scopes"]
