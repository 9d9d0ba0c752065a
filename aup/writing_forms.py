"""Forms of a draft's text beside its rules: what it says about itself, groups, linked documents, a file."""

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from aup import checks
from aup.models import LinkedDocument
from aup.rule_form import Lines, Prose
from aup.schema import GROUP, GROUP_KEYS, LINK_KEYS, SAID, SCOPE_KEYS, TEXT, TITLE


class Checked(forms.Form):
    """A form whose document is checked where every document of its kind is. `document` is there once it is valid."""

    is_filter = True
    about: Any = None  # the schema

    def made(self, given: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def problems(self) -> list[checks.Problem]:
        return checks.shape(self.document, self.about)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors:
            self.document = self.made(given)
            for problem in self.problems():
                words = "_".join(str(part) for part in problem.path if isinstance(part, str))
                names = [name for name in (words, *map(str, problem.path)) if name in self.fields]
                self.add_error(names[0] if names else None, capfirst(checks.sentence(problem)) + ".")
        return given


class AboutForm(Checked):
    """What a version says about itself."""

    opened = forms.CharField(required=False, widget=forms.HiddenInput)
    number = forms.CharField(label=gettext_lazy("Number"), max_length=20, help_text=gettext_lazy("Such as 1.1."))
    rationale = Prose(label=gettext_lazy("Rationale"), required=False, max_length=TEXT, widget=forms.Textarea)
    changelog = Prose(label=gettext_lazy("What changed"), required=False, max_length=TEXT, widget=forms.Textarea)
    summary = Prose(
        label=gettext_lazy("Summary in plain language"),
        required=False,
        max_length=TEXT * 2,
        widget=forms.Textarea,
        help_text=gettext_lazy("What somebody who reads nothing else has to know."),
    )
    scope_data = Lines(
        label=gettext_lazy("Data it covers"), required=False, help_text=gettext_lazy("One sentence on each line.")
    )
    scope_tasks = Lines(
        label=gettext_lazy("Tasks it covers"), required=False, help_text=gettext_lazy("One sentence on each line.")
    )
    scope_contexts = Lines(
        label=gettext_lazy("Contexts it applies in"),
        required=False,
        help_text=gettext_lazy("One sentence on each line."),
    )

    def made(self, given: dict[str, Any]) -> dict[str, Any]:
        return {key: given[key] for key in SAID if key != "scope"} | {
            "scope": {part: given[f"scope_{part}"] for part in SCOPE_KEYS}
        }

    def problems(self) -> list[checks.Problem]:
        return [problem for key in SAID for problem in checks.shape(self.document[key], SAID[key], (key,))]


class GroupForm(Checked):
    about = GROUP
    opened = forms.CharField(required=False, widget=forms.HiddenInput)
    code = forms.CharField(label=gettext_lazy("Code"), max_length=10, help_text=gettext_lazy("Such as SP."))
    title = Prose(label=gettext_lazy("Title"), required=False, max_length=TITLE)
    description = Prose(
        label=gettext_lazy("Description"), required=False, max_length=TEXT, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, code: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self.known_code = code
        if code:
            del self.fields["code"]

    def made(self, given: dict[str, Any]) -> dict[str, Any]:
        return {key: self.known_code or given["code"].upper() if key == "code" else given[key] for key in GROUP_KEYS}


class LinkForm(Checked):
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=LinkedDocument.Kind)
    title = Prose(label=gettext_lazy("Title"), max_length=TITLE)
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("Begins with https://. May be empty for a contract that is not public."),
    )
    binding = forms.BooleanField(
        label=gettext_lazy("It binds users as well"),
        required=False,
        help_text=gettext_lazy("Never for a model card: what it calls out of scope is advice."),
    )

    def made(self, given: dict[str, Any]) -> dict[str, Any]:
        return {key: given[key] for key in LINK_KEYS}

    def problems(self) -> list[checks.Problem]:
        return checks.link_problems([self.document])


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Policy file"),
        help_text=gettext_lazy("One YAML file, as it is exported; up to 5 MB."),
        widget=forms.ClearableFileInput(attrs={"accept": ".yaml,.yml"}),
    )


class DraftFileForm(forms.Form):
    number = forms.CharField(label=gettext_lazy("Number of the draft"), max_length=20)
    sealed = forms.CharField(widget=forms.HiddenInput)
