"""How files come in through a form: several at once, limited in number and size by the same constants that are told."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tipstaff.vault import sniff


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
    template_name = "vault/files_input.html"
    most = 1

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"] |= {"most": self.most, "bytes": settings.FILE_BYTES}
        return context


class FilesField(forms.FileField):
    """A list of uploads. Refuses more than `most` files, and any file that is empty or over FILE_BYTES."""

    def __init__(self, *, most: int = settings.FILES_PER_FORM, **options: Any) -> None:
        options.setdefault("label", gettext_lazy("Files"))
        options.setdefault("required", False)
        options.setdefault("widget", FilesInput(attrs={"multiple": True} if most > 1 else {}))
        super().__init__(**options)
        self.most = self.widget.most = most
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
                    % {"name": sniff.shown(upload.name), "size": filesizeformat(settings.FILE_BYTES)},
                    code="too_large",
                )
            if reason := getattr(upload, "lost", "") or sniff.refusal(upload):
                raise forms.ValidationError(reason, code="not_taken")
        return [super(FilesField, self).clean(upload, initial) for upload in uploads]
