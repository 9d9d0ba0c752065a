"""The shape of what people type about waivers and the committee; nothing is decided and nothing saved here."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.forms import RuleSelect
from aup.models import PolicyVersion, Rule
from governance.models import AISystem, Ballot, Committee, Membership, Waiver
from governance.models.ballot import CONDITION_LIMIT, CONDITIONS_LIMIT, REASONS_LIMIT
from governance.models.dossier import TEXT_LIMIT, TOPIC_LIMIT
from governance.models.waiver_guards import shortcomings
from tipstaff.accounts.models import Subject, User
from tipstaff.permissions import Permission, roles_with
from tipstaff.time import now
from tipstaff.vault.forms import FilesField

EMPTY = ("", "---------")
YES_NO = [("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))]
VOTING_DAYS, VOTING_DAYS_MOST = 7, 60
BENEFICIARIES_LIMIT = 50
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def yes(answer: str) -> bool:
    return answer == "yes"


def prose(label: Any, limit: int = TEXT_LIMIT, *, rows: int = 4, **options: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "dir": "auto"})
    return forms.CharField(label=label, max_length=limit, widget=widget, **options)


class WaivableRule(forms.ModelChoiceField):
    """A rule in force by its code. Only those that can be waived are offered; another one is refused in a sentence."""

    def __init__(self, **options: Any) -> None:
        super().__init__(queryset=Rule.objects.none(), to_field_name="code", widget=RuleSelect, **options)

    def offer(self) -> None:
        self.queryset = Rule.objects.in_force(now()).select_related("group", "version__catalogue")
        groups: dict[str, list[tuple[str, str]]] = {}
        for rule in self.queryset.filter(waivable=True).order_by("group__position", "position"):
            groups.setdefault(rule.group.title, []).append((rule.code, f"{rule.code} {rule.title}"))
        self.choices = [EMPTY, *groups.items()]


class LinesField(forms.CharField):
    """One entry a line; clean gives the list, without repeats."""

    def __init__(self, *, most: int, length: int, **options: Any) -> None:
        options.setdefault("widget", forms.Textarea(attrs={"rows": 4, "dir": "auto"}))
        super().__init__(max_length=most * (length + 2), **options)
        self.most, self.length = most, length

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        lines = [line.strip() for line in (super().clean(value) or "").splitlines()]
        lines = list(dict.fromkeys(line for line in lines if line))
        if len(lines) > self.most:
            raise forms.ValidationError(_("Write at most %(count)s lines.") % {"count": self.most})
        if any(len(line) > self.length for line in lines):
            raise forms.ValidationError(_("Keep each line under %(count)s characters.") % {"count": self.length})
        return lines


def conditions(**options: Any) -> LinesField:
    return LinesField(
        label=gettext_lazy("Conditions, one a line"),
        most=CONDITIONS_LIMIT,
        length=CONDITION_LIMIT,
        help_text=gettext_lazy("Each so that somebody can check whether it is kept."),
        **options,
    )


class AskForm(forms.Form):
    """What is asked for. `clean` says all that would stand in the way of submitting it, before files are read."""

    submission = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    topic = forms.CharField(
        label=gettext_lazy("In one line, what do you ask for?"),
        max_length=TOPIC_LIMIT,
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("What kind of waiver is it?"),
        choices=Waiver.Kind,
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Some rules forbid, with exceptions: ask for an exemption. Others restrict: ask for permission."
        ),
    )
    rule = WaivableRule(label=gettext_lazy("Which rule is it about?"))
    second_rule = WaivableRule(label=gettext_lazy("Another rule, if it needs one"), required=False)
    exemption = forms.ChoiceField(
        label=gettext_lazy("For an exemption: on what ground?"),
        widget=RuleSelect,
        required=False,
        help_text=gettext_lazy("The page of the rule says which grounds it knows."),
    )
    conduct = prose(
        gettext_lazy("What exactly would you do?"),
        help_text=gettext_lazy("Be precise: only what stands here would be permitted."),
    )
    purpose = prose(gettext_lazy("What for?"), rows=3)
    accounts = forms.CharField(
        label=gettext_lazy("Which accounts is it for?"),
        max_length=500,
        help_text=gettext_lazy("Account ids, or the name of the organisation. A waiver holds for nobody else."),
    )
    data_involved = prose(gettext_lazy("Which data is involved?"), rows=3)
    jurisdictions = forms.CharField(label=gettext_lazy("In which countries?"), max_length=300)
    safeguards = prose(
        gettext_lazy("How do you keep it safe?"),
        help_text=gettext_lazy("Who watches, what is limited, what is deleted and when."),
    )
    residual_risk = prose(gettext_lazy("What could still go wrong?"), rows=3, required=False)
    starts_on = forms.DateField(
        label=gettext_lazy("First day"),
        widget=DAY,
        help_text=gettext_lazy("It holds from the day of our answer at the earliest."),
    )
    ends_on = forms.DateField(
        label=gettext_lazy("Last day"),
        widget=DAY,
        help_text=gettext_lazy("Every waiver ends, after a year at the latest."),
    )
    disclosure = forms.ChoiceField(
        label=gettext_lazy("What may we say about it in public?"),
        choices=Waiver.Disclosure,
        widget=forms.RadioSelect,
        initial=Waiver.Disclosure.PUBLIC,
    )
    disclosure_reason = prose(
        gettext_lazy("If confidential: why?"),
        2000,
        rows=2,
        required=False,
    )
    applicant_name = forms.CharField(label=gettext_lazy("Your name and organisation"), max_length=200)
    contact = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        help_text=gettext_lazy("We send the link there with which you follow your request, and the answer."),
    )
    files = FilesField(label=gettext_lazy("Files that support it"))  # type: ignore[assignment]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name in ("rule", "second_rule"):
            self.fields[name].offer()
        version = PolicyVersion.objects.select_related("catalogue").in_force(now())
        known = version.catalogue.document["exemptions"] if version else {}
        self.fields["exemption"].choices = [EMPTY] + [
            (code, found["title"]) for code, found in known.items() if found["grant"] != "automatic"
        ]

    @property
    def rules(self) -> list[Rule]:
        chosen = (self.cleaned_data.get("rule"), self.cleaned_data.get("second_rule"))
        return list(dict.fromkeys(rule for rule in chosen if rule))

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of the request as typed."""
        apart = {"submission", "rule", "second_rule", "files"}
        return {name: value for name, value in self.cleaned_data.items() if name not in apart}

    @property
    def key(self) -> UUID:
        """The same form sent twice gives the same key; one that was changed in between gives another."""
        typed = "\n".join(f"{name}={value}" for name, value in sorted(self.columns.items()))
        codes = " ".join(rule.code for rule in self.rules)
        return uuid5(self.cleaned_data["submission"], f"{codes}\n{typed}")

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        if facts.get("kind") == Waiver.Kind.PERMISSION:
            facts["exemption"] = ""
        if not self.errors:
            self.complain()
        return facts

    def complain(self) -> None:
        """Say what would be refused, beside what was typed."""
        if self.cleaned_data["kind"] == Waiver.Kind.EXEMPTION and not self.cleaned_data["exemption"]:
            self.add_error("exemption", _("An exemption needs a ground."))
            return
        for sentence in shortcomings(Waiver(**self.columns), self.rules):
            self.add_error(None, sentence)


class AnswerForm(forms.Form):
    """The applicant's answer to what was asked, and what they change in the request for it."""

    answer = prose(gettext_lazy("Your answer"))
    conduct = prose(gettext_lazy("What exactly would you do?"))
    safeguards = prose(gettext_lazy("How do you keep it safe?"))
    files = FilesField(label=gettext_lazy("Files that support it"))  # type: ignore[assignment]


class StatementForm(forms.Form):
    statement = prose(
        gettext_lazy("How are the conditions kept?"),
        help_text=gettext_lazy("Go through them one by one. A waiver lapses when this statement is missing."),
    )
    files = FilesField(label=gettext_lazy("Files that show it"))  # type: ignore[assignment]


class StaffAskForm(AskForm):
    """The same for somebody who works here: who they are is known, and a draft may have gaps."""

    system = forms.ModelChoiceField(
        label=gettext_lazy("Which system is it about?"),
        queryset=AISystem.objects.none(),
        to_field_name="ref",
        required=False,
        empty_label=gettext_lazy("None in particular"),
        help_text=gettext_lazy("Its owner has no vote on the request."),
    )
    applicant_name = None  # type: ignore[assignment]
    contact = None  # type: ignore[assignment]
    files = None  # type: ignore[assignment]

    def __init__(self, *arguments: Any, person: User, partly: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.person, self.partly = person, partly
        self.fields["system"].queryset = AISystem.objects.visible_to(person).standing()
        if partly:
            for name in self.fields.keys() - {"submission", "topic", "kind", "disclosure"}:
                self.fields[name].required = False

    @property
    def columns(self) -> dict[str, Any]:
        known = {"requested_by": self.person, "applicant_name": self.person.name, "contact": self.person.email}
        return super().columns | known

    def complain(self) -> None:
        if not self.partly:
            super().complain()


class ConfirmForm(forms.Form):
    """What screening found: the accounts by their ids, the risk that stays, whose interests are touched."""

    beneficiaries = LinesField(
        label=gettext_lazy("Accounts it would cover, one id a line"),
        most=BENEFICIARIES_LIMIT,
        length=120,
        help_text=gettext_lazy(
            "A waiver for an organisation covers everything beneath it. Name the narrowest that fits."
        ),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    risk = forms.ChoiceField(
        label=gettext_lazy("Risk that stays"),
        choices=Waiver.Risk,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("High: stated anew every 3 months; medium: every 6; low: with each request."),
    )
    conflicts = prose(
        gettext_lazy("Interests noted"),
        2000,
        rows=2,
        help_text=gettext_lazy("Who here has to do with the applicant. Write “none known” if that is so."),
    )

    def clean_beneficiaries(self) -> list[Subject]:
        wanted = self.cleaned_data["beneficiaries"]
        known = {subject.external_id: subject for subject in Subject.objects.filter(external_id__in=wanted)}
        if unknown := [external_id for external_id in wanted if external_id not in known]:
            raise forms.ValidationError(
                _("We know no account “%(id)s”. Look the id up, or ask the applicant for it.") % {"id": unknown[0][:80]}
            )
        return [known[external_id] for external_id in wanted]


class ChangesForm(forms.Form):
    changes = prose(
        gettext_lazy("What has to change"),
        help_text=gettext_lazy("The applicant reads this. The clock waits for them."),
    )


class GrantForm(forms.Form):
    conditions = conditions()
    ends_on = forms.DateField(label=gettext_lazy("Last day"), widget=DAY)
    reasons = prose(gettext_lazy("Reasons, as they are sent"))


class ReasonsForm(forms.Form):
    reasons = prose(gettext_lazy("Reasons, as they are sent"))


class OpenForm(forms.Form):
    """The terms of a ballot, fixed once it opens."""

    committee = forms.ModelChoiceField(
        label=gettext_lazy("Committee"), queryset=Committee.objects.none(), empty_label=None
    )
    conditions = conditions()
    until = forms.DateField(
        label=gettext_lazy("Last day of the waiver, if granted"),
        widget=DAY,
        help_text=gettext_lazy("Not later than asked for."),
    )
    closes_at = forms.DateTimeField(
        label=gettext_lazy("Voting ends (UTC)"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=gettext_lazy("It can be closed earlier once everybody has voted."),
    )

    def __init__(self, *arguments: Any, person: User, **options: Any) -> None:
        super().__init__(*arguments, **options)
        seated = Committee.objects.seating(person, now())
        self.fields["committee"].queryset = seated
        if len(seated) == 1:
            self.fields["committee"].initial = seated[0]
            self.fields["committee"].widget = self.fields["committee"].hidden_widget()

    def clean_closes_at(self) -> Any:
        closes_at = self.cleaned_data["closes_at"]
        if closes_at > now() + timedelta(days=VOTING_DAYS_MOST):
            raise forms.ValidationError(_("Let it end within %(days)s days.") % {"days": VOTING_DAYS_MOST})
        return closes_at


class VoteForm(forms.Form):
    choice = forms.ChoiceField(label=gettext_lazy("Your vote"), choices=Ballot.Choice, widget=forms.RadioSelect)
    reasons = prose(
        gettext_lazy("Your reasons"),
        REASONS_LIMIT,
        help_text=gettext_lazy("The others read them once they have voted. A vote is not changed."),
    )


class RecuseForm(forms.Form):
    reason = prose(
        gettext_lazy("Why you take no part"), 1000, rows=2, help_text=gettext_lazy("It is shown beside your name.")
    )


class CallOffForm(forms.Form):
    reason = prose(gettext_lazy("Why the ballot is called off"), 1000, rows=2)


class CommitteeForm(forms.ModelForm):
    class Meta:
        model = Committee
        fields = ["name", "remit"]
        widgets = {"remit": forms.Textarea(attrs={"rows": 3, "dir": "auto"})}


class SeatForm(forms.Form):
    """Who is seated, and what counts of them for the composition."""

    person = forms.ModelChoiceField(label=gettext_lazy("Person"), queryset=User.objects.none())
    function = forms.ChoiceField(label=gettext_lazy("Function"), choices=[EMPTY, *Membership.Function.choices])
    in_field = forms.TypedChoiceField(
        label=gettext_lazy("Is AI their field?"), choices=YES_NO, coerce=yes, widget=forms.RadioSelect
    )
    affiliated = forms.TypedChoiceField(
        label=gettext_lazy("Do they, or their family, belong to the provider?"),
        choices=YES_NO,
        coerce=yes,
        widget=forms.RadioSelect,
    )

    def __init__(self, *arguments: Any, committee: Committee, **options: Any) -> None:
        super().__init__(*arguments, **options)
        may_sit = User.objects.with_role(*roles_with(Permission.BALLOT_CAST)).order_by("name")
        self.fields["person"].queryset = may_sit.exclude(memberships__in=committee.memberships.seated(now()))


class UnseatForm(forms.Form):
    reason = prose(gettext_lazy("Why the seat ends"), 1000, rows=2)
