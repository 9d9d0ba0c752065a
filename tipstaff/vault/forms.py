"""How files come in through a form: several at once, limited in number and size by the same constants that are told.
And what the acts of custody need beside the press of a button.
"""

from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tipstaff.time import now
from tipstaff.vault.models import Disposal, LegalHold, RetentionClock, Unsealing


def limits_told(most: int) -> str:
    """How many files and how large, in the language of whoever reads it."""
    told = ngettext(
        "%(count)s file of up to %(size)s. A file has to be chosen again if the form comes back.",
        "Up to %(count)s files of %(size)s each. A file has to be chosen again if the form comes back.",
        most,
    )
    return told % {"count": most, "size": filesizeformat(settings.FILE_BYTES)}


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class FilesField(forms.FileField):
    """A list of uploads. Refuses more than `most` files, and any file that is empty or over FILE_BYTES."""

    def __init__(self, *, most: int = settings.FILES_PER_FORM, **options: Any) -> None:
        options.setdefault("label", gettext_lazy("Files"))
        options.setdefault("required", False)
        options.setdefault("widget", FilesInput(attrs={"multiple": True} if most > 1 else {}))
        super().__init__(**options)
        self.most = most
        if not self.help_text:
            self.help_text = lazy(limits_told, str)(most)

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        uploads = data if isinstance(data, list | tuple) else [data] if data else []
        if self.required and not uploads:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        if len(uploads) > self.most:
            told = ngettext("Choose %(count)s file only.", "Choose at most %(count)s files.", self.most)
            raise forms.ValidationError(told % {"count": self.most}, code="too_many")
        for upload in uploads:
            if upload.size > settings.FILE_BYTES:
                raise forms.ValidationError(
                    _("%(name)s is larger than %(size)s.")
                    % {"name": upload.name, "size": filesizeformat(settings.FILE_BYTES)},
                    code="too_large",
                )
        return [super(FilesField, self).clean(upload, initial) for upload in uploads]


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Stays in the history."),
    )

    @property
    def facts(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class HoldForm(forms.ModelForm):
    class Meta:
        model = LegalHold
        fields = ("on", "basis", "reason")
        widgets = {"reason": forms.Textarea(attrs={"rows": 3})}
        help_texts = {"on": gettext_lazy("A reference with its kind: case:C-0001, subject:acct_1, file:….")}


class UnsealForm(forms.ModelForm):
    class Meta:
        model = Unsealing
        fields = ("reason",)
        widgets = {"reason": forms.Textarea(attrs={"rows": 3})}


class DisposeForm(forms.ModelForm):
    class Meta:
        model = Disposal
        fields = ("ground", "reason")
        widgets = {"reason": forms.Textarea(attrs={"rows": 3})}


class RetainForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("Why longer?"), choices=RetentionClock.Kind.choices)
    until = forms.DateField(
        label=gettext_lazy("Until the end of"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    basis = forms.CharField(
        label=gettext_lazy("Basis"), max_length=300, help_text=gettext_lazy("The law, order or matter it rests on.")
    )

    def clean_until(self) -> date:
        day: date = self.cleaned_data["until"]
        if day <= now().date():
            raise forms.ValidationError(_("Choose a day that lies ahead."))
        return day

    @property
    def facts(self) -> dict[str, Any]:
        return self.cleaned_data | {"until": datetime.combine(self.cleaned_data["until"], time.max, tzinfo=UTC)}
