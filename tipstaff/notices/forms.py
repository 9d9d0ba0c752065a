"""Registering a receiver of webhooks, and switching one off."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tipstaff.notices import events, outbound
from tipstaff.notices.models import Endpoint


class EndpointForm(forms.ModelForm):
    url = forms.URLField(
        label=gettext_lazy("Address"),
        max_length=500,
        assume_scheme="https",
        help_text=gettext_lazy(
            "Where each message is posted. Put no password or key into it: the signature is the proof."
        ),
    )
    types = forms.MultipleChoiceField(
        label=gettext_lazy("What it is told"),
        choices=[(event.name, event.label) for event in events.TYPES.values()],
        initial=list(events.TYPES),
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Endpoint
        fields = ["description", "url", "types"]

    def clean_url(self) -> str:
        url = self.cleaned_data["url"]
        if refusal := outbound.refusal(url):
            raise forms.ValidationError(refusal)
        if Endpoint.objects.kept().filter(url=url).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("Another receiver has this address already."))
        return url


class DisableForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=300,
        help_text=gettext_lazy("For the history, and for whoever switches it on again."),
    )
