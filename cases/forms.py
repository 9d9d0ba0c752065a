"""The shape of what people type into cases; nothing is decided and nothing saved here."""

from typing import Any
from uuid import uuid4

from django import forms
from django.core.validators import URLValidator
from django.utils.functional import cached_property
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from aup.forms import RuleSelect
from aup.models import Rule
from cases.models import Case, Evidence, Finding, Report, citing
from cases.models.finding import FACTS_LIMIT
from cases.models.report import ACCOUNT_LIMIT, DESCRIPTION_LIMIT, LINKS_LIMIT
from tipstaff.time import latest_today, now
from tipstaff.vault.forms import FilesField

SEVERITIES = [
    (1, gettext_lazy("1 low")),
    (2, gettext_lazy("2 moderate")),
    (3, gettext_lazy("3 high")),
    (4, gettext_lazy("4 critical")),
]


class RuleChoice(forms.ModelChoiceField):
    """A rule by its code, under the title of its group. `at` picks the rules in force at that instant."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("to_field_name", "code")
        options.setdefault("widget", RuleSelect)
        super().__init__(queryset=Rule.objects.none(), **options)

    def offer(self, at: Any, **extra: Any) -> None:
        self.offer_of(Offer(at, **extra))

    def offer_of(self, rules: "Offer") -> None:
        self.queryset = rules.queryset
        self.choices = [("", self.empty_label or "---------"), *rules.by_group.items()]


class Offer:
    """The rules in force at an instant, read once for every form that offers them. `group` limits them to one."""

    def __init__(self, at: Any, group: str = "", **extra: Any) -> None:
        self.at = at
        if group:
            extra["group__code"] = group
        self.queryset = Rule.objects.in_force(at).select_related("group", "version__matrix").filter(**extra)

    @cached_property
    def _listed(self) -> list[tuple[str, str, str, Any]]:
        rules = Rule.objects.filter(pk__in=self.queryset).order_by("group__position", "position")
        return list(rules.values_list("code", "title", "group__title", "version"))

    @property
    def by_group(self) -> dict[str, list[tuple[str, str]]]:
        groups: dict[str, list[tuple[str, str]]] = {}
        for code, title, group, _version in self._listed:
            groups.setdefault(group, []).append((code, f"{code} {title}"))
        return groups

    @property
    def versions(self) -> set[Any]:
        """Of the policy that they belong to: one, or none where there is no rule."""
        return {version for _code, _title, _group, version in self._listed}


class LinksField(forms.CharField):
    """One address a line, http or https."""

    widget = forms.Textarea(attrs={"rows": 3, "inputmode": "url"})

    def clean(self, value: Any) -> list[str]:
        lines = [line.strip() for line in (super().clean(value) or "").splitlines() if line.strip()]
        if len(lines) > LINKS_LIMIT:
            told = ngettext("Give at most %(count)s link.", "Give at most %(count)s links.", LINKS_LIMIT)
            raise forms.ValidationError(told % {"count": LINKS_LIMIT})
        check = URLValidator(schemes=["http", "https"])
        for line in lines:
            try:
                check(line)
            except forms.ValidationError as error:
                raise forms.ValidationError(_("“%(line)s” is not a web address.") % {"line": line[:80]}) from error
        return lines


class ReportForm(forms.Form):
    submission = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    rule = RuleChoice(
        label=gettext_lazy("Which rule was broken?"),
        required=False,
        empty_label=gettext_lazy("I am not sure"),
        help_text=gettext_lazy("It says who reads it, and how soon. A guess is fine."),
    )
    description = forms.CharField(
        label=gettext_lazy("What happened?"),
        max_length=DESCRIPTION_LIMIT,
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text=gettext_lazy(
            "This is what we look into: what was done, and how you know. Leave out names of people outside it."
        ),
    )
    happened_on = forms.DateField(
        label=gettext_lazy("When did it happen?"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=gettext_lazy("The rules of that day apply. Leave it empty if you do not know."),
    )
    account = forms.CharField(
        label=gettext_lazy("Who, or which account?"),
        required=False,
        max_length=ACCOUNT_LIMIT,
        help_text=gettext_lazy("So that we find them, as far as you know: an account name, an application, a company."),
    )
    links = LinksField(
        label=gettext_lazy("Links"),
        required=False,
        help_text=gettext_lazy("Where we can see it for ourselves, one address a line."),
    )
    files = FilesField()  # type: ignore[assignment]
    contact = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        required=False,
        help_text=gettext_lazy("Only to tell you what came of it. Without it, your receipt code shows you the same."),
    )
    may_share = forms.BooleanField(
        label=gettext_lazy("If an authority has to be told of this, you may give it my e-mail address."),
        required=False,
        help_text=gettext_lazy(
            "We ask because some of them only act when they can ask back. Without it nobody outside learns who you "
            "are, unless a law compels us. You can take it back later."
        ),
    )
    good_faith = forms.BooleanField(
        label=gettext_lazy("I believe that what I wrote is true and complete."),
        help_text=gettext_lazy("The law asks for this, so that nobody is accused lightly."),
        error_messages={"required": gettext_lazy("We need this before we can look into a report.")},
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["rule"].offer(now())
        files = self.fields["files"]
        files.help_text = format_lazy(
            "{} {}", _("What you saw, if you kept it: it says more than words."), files.help_text
        )

    def clean_happened_on(self) -> Any:
        day = self.cleaned_data["happened_on"]
        if day and day > latest_today():
            raise forms.ValidationError(_("That day has not come yet."))
        return day


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Receipt code"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
        help_text=gettext_lazy("Four groups of four letters and digits. Capitals and hyphens do not matter."),
    )


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label=gettext_lazy("Your answer"), max_length=DESCRIPTION_LIMIT, widget=forms.Textarea(attrs={"rows": 5})
    )


class DeclineForm(forms.Form):
    reason = forms.ChoiceField(label=gettext_lazy("Reason"), choices=[("", "---------"), *Report.Decline.choices])
    note = forms.CharField(
        label=gettext_lazy("What the reporter is told besides"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class QuestionForm(forms.Form):
    question = forms.CharField(
        label=gettext_lazy("One question to the reporter"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class EvidenceForm(forms.ModelForm):
    upload = FilesField(label=gettext_lazy("File"), most=1, required=True)

    class Meta:
        model = Evidence
        fields = ["kind", "label", "source"]


class CitationsField(forms.CharField):
    """Turns as E-1#t12, several apart by commas."""

    def clean(self, value: Any) -> list[str]:
        try:
            cited = citing.typed(super().clean(value) or "")
        except ValueError as error:
            raise forms.ValidationError(
                _("“%(word)s” cites nothing. Write a turn like E-1#t12, or several like E-1#t12-14.")
                % {"word": str(error)}
            ) from error
        if len(cited) > citing.CITATIONS_LIMIT:
            raise forms.ValidationError(
                _("Cite at most %(count)s turns in one finding.") % {"count": citing.CITATIONS_LIMIT}
            )
        return cited

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value


class FindingForm(forms.ModelForm):
    citations = CitationsField(
        label=gettext_lazy("On which turns"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("As in E-1#t12, E-2#t3-5. Reading an exhibit lets you choose them."),
    )
    rule = RuleChoice(label=gettext_lazy("Rule"))
    exhibits = forms.TypedMultipleChoiceField(
        label=gettext_lazy("On which evidence"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Finding
        fields = ["rule", "conclusion", "behaviour", "standard", "facts", "exhibits", "citations", "gaps"]
        widgets = {
            "facts": forms.Textarea(attrs={"rows": 4, "maxlength": FACTS_LIMIT}),
            "gaps": forms.Textarea(attrs={"rows": 2}),
            "conclusion": forms.RadioSelect,
            "behaviour": forms.RadioSelect,
            "standard": forms.RadioSelect,
        }

    def __init__(self, *arguments: Any, evidence: list[Evidence], rules: Offer, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["rule"].offer_of(rules)
        self.fields["exhibits"].choices = [(exhibit.exhibit, exhibit.title) for exhibit in evidence]
        self.fields["conclusion"].choices = Finding.Conclusion.choices


class SendBackForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("What is missing"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class AwaitForm(forms.Form):
    awaiting = forms.ChoiceField(label=gettext_lazy("Whose answer"), widget=forms.RadioSelect)
    question = forms.CharField(
        label=gettext_lazy("What was asked"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "For the history. Ask the account holder with “Ask the account holder”; others are asked outside Tipstaff."
        ),
    )

    def __init__(self, *arguments: Any, case: Case, **options: Any) -> None:
        super().__init__(*arguments, **options)
        whose = [one for one in Case.Awaiting.choices if case.subject_id or one[0] != Case.Awaiting.ACCOUNT_HOLDER]
        self.fields["awaiting"].choices = whose
        if case.subject_id is None:
            self.fields["question"].help_text = _("For the history. Whoever can answer is asked outside Tipstaff.")


class ResumeForm(forms.Form):
    answer = forms.CharField(
        label=gettext_lazy("What came back"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Leave it empty if nothing did. A file belongs under evidence."),
    )


class MergeForm(forms.Form):
    into = forms.CharField(
        label=gettext_lazy("Into which case"),
        max_length=20,
        help_text=gettext_lazy("The number of an open case about the same rules, such as C-0042."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    reason = forms.CharField(label=gettext_lazy("Why they are one matter"), max_length=300)

    def __init__(self, *arguments: Any, case: Case, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.case = case

    def clean_into(self) -> Case:
        """The case itself. Whatever is no open case about the same rules is refused, whether it exists or not."""
        typed = self.cleaned_data["into"].strip().upper()
        found = Case.objects.could_take(self.case).filter(ref=typed).first()
        if found is None:
            raise forms.ValidationError(_("%(ref)s is no open case about the same rules.") % {"ref": typed})
        return found


class LiftForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Why it ends early"),
        max_length=300,
        help_text=gettext_lazy("Stands in the history and beside the measure. The decision stays as it is."),
    )


class SimulationForm(forms.Form):
    """Over how long, and which of the changes; what it does not know it leaves out."""

    is_filter = True
    MONTHS = 12
    over = forms.TypedChoiceField(
        label=gettext_lazy("Decisions of the last"),
        choices=[
            (3, gettext_lazy("3 months")),
            (6, gettext_lazy("6 months")),
            (12, gettext_lazy("12 months")),
            (24, gettext_lazy("24 months")),
            (60, gettext_lazy("5 years")),
        ],
        coerce=int,
        initial=MONTHS,
        required=False,
        empty_value=None,
    )
    show = forms.ChoiceField(
        label=gettext_lazy("Show"),
        choices=[
            ("", gettext_lazy("All that change")),
            ("milder", gettext_lazy("Those that become milder")),
            ("harsher", gettext_lazy("Those that become harsher")),
        ],
        required=False,
    )

    @property
    def months(self) -> int:
        return self.cleaned_data.get("over") or self.MONTHS if self.is_bound and self.is_valid() else self.MONTHS

    @property
    def direction(self) -> str:
        return self.cleaned_data.get("show", "") if self.is_bound and self.is_valid() else ""
