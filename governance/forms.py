"""The shape of what people type about systems and their controls; nothing is decided and nothing saved here."""

import re
from typing import Any

from django import forms
from django.core.validators import URLValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.models import Catalogue, PolicyVersion, Rule
from governance.coverage import Coverage, applies
from governance.intake import ANSWER_LIMIT, QUESTIONS
from governance.models import AISystem, Control, ControlTask
from governance.models.control import LINK_LIMIT
from governance.models.control import NAME_LIMIT as CONTROL_NAME_LIMIT
from governance.models.control import TEXT_LIMIT as CONTROL_TEXT_LIMIT
from governance.models.system import NAME_LIMIT, REASON_LIMIT, TEXT_LIMIT
from tipstaff.accounts.models import User
from tipstaff.permissions import Permission, roles_with
from tipstaff.time import now

PLACES_LIMIT = 60
RELEASE_NAME_LIMIT = 60
EMPTY = ("", "---------")


def prose(label: Any, limit: int, *, rows: int = 4, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=limit, widget=forms.Textarea(attrs={"rows": rows, "dir": "auto"}), **options
    )


class PlacesField(forms.CharField):
    """Country codes, `EU` or `*`, with commas or spaces between them; clean gives a sorted list."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        codes = {code.upper() for code in re.split(r"[\s,;]+", super().clean(value) or "") if code}
        if len(codes) > PLACES_LIMIT:
            raise forms.ValidationError(_("Name at most %(count)s places.") % {"count": PLACES_LIMIT})
        if wrong := sorted(code for code in codes if not re.fullmatch(r"\*|[A-Z]{2}", code)):
            raise forms.ValidationError(
                _("“%(code)s” is no two-letter country code. Write codes such as DE or BR, EU, or * for everywhere.")
                % {"code": wrong[0][:20]}
            )
        return sorted(codes)


class SystemForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=NAME_LIMIT)
    purpose = prose(
        gettext_lazy("What is it for?"),
        TEXT_LIMIT,
        help_text=gettext_lazy("Whom it helps to do what, in a few sentences."),
    )
    modalities = forms.MultipleChoiceField(
        label=gettext_lazy("What does it take in or give out?"),
        choices=AISystem.Modality.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=gettext_lazy("Leave it open if it is not settled. It has to be before the review."),
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("How do people reach it?"), choices=[EMPTY, *AISystem.Channel.choices]
    )
    geographies = PlacesField(
        label=gettext_lazy("Where is it offered?"),
        max_length=400,
        required=False,
        help_text=gettext_lazy(
            "Country codes such as DE and BR, EU for the union, * for everywhere. Empty: not settled."
        ),
    )
    risk_class = forms.ChoiceField(label=gettext_lazy("Risk class"), choices=[EMPTY, *AISystem.Risk.choices])


class IntakeForm(forms.Form):
    """One field a question; none has to be answered now."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for question in QUESTIONS:
            self.fields[question.key] = prose(
                question.wording, ANSWER_LIMIT, rows=3, required=False, help_text=question.hint
            )


class ReleaseForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Version"),
        max_length=RELEASE_NAME_LIMIT,
        help_text=gettext_lazy("As people know it, for example 2.1."),
    )
    released_on = forms.DateField(label=gettext_lazy("Released on"), widget=forms.DateInput(attrs={"type": "date"}))
    policy_version = forms.ModelChoiceField(
        label=gettext_lazy("Version of the policy it was tested against"),
        queryset=PolicyVersion.objects.filter(state=PolicyVersion.State.PUBLISHED).order_by("-effective_from"),
        to_field_name="number",
    )
    risks = prose(gettext_lazy("Risks that were considered"), TEXT_LIMIT)
    testing = prose(gettext_lazy("What the tests showed"), TEXT_LIMIT)
    biases = prose(gettext_lazy("Known biases"), TEXT_LIMIT)


class ReasonForm(forms.Form):
    reason = prose(
        gettext_lazy("Reason"), REASON_LIMIT, rows=3, help_text=gettext_lazy("Stays in the history of the system.")
    )


class HandOverForm(forms.Form):
    owner = forms.ModelChoiceField(label=gettext_lazy("Who answers for it from now on"), queryset=User.objects.none())

    def __init__(self, *arguments: Any, system: AISystem, **options: Any) -> None:
        super().__init__(*arguments, **options)
        able = User.objects.with_role(*roles_with(Permission.SYSTEM_EDIT))
        self.fields["owner"].queryset = able.exclude(pk__in=[system.owner_id, system.approved_by_id or system.owner_id])


class FindingForm(forms.Form):
    finding = prose(
        gettext_lazy("What you looked at, and what you saw"),
        CONTROL_TEXT_LIMIT,
        rows=3,
        help_text=gettext_lazy("So that somebody else could repeat it. Stays in the history."),
    )


class TaskForm(forms.Form):
    """What an act on a control task asks for; `task` narrows what can be chosen."""

    def __init__(self, *arguments: Any, task: ControlTask, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.task = task


class AssignForm(TaskForm):
    system = forms.ModelChoiceField(
        label=gettext_lazy("Which system behaved like this?"), queryset=AISystem.objects.none()
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["system"].queryset = AISystem.objects.standing().order_by("name")
        self.fields["system"].initial = self.task.system_id


class FinishForm(TaskForm):
    said = prose(gettext_lazy("What was changed, and how you know that it holds"), CONTROL_TEXT_LIMIT, rows=3)
    control = forms.ModelChoiceField(
        label=gettext_lazy("The control that shows it"),
        queryset=Control.objects.none(),
        required=False,
        help_text=gettext_lazy("If one does. Record it on the page of the system first; somebody else verifies it."),
    )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        showing = Control.objects.active().filter(system=self.task.system_id).covering(self.task.rule)
        self.fields["control"].queryset = showing


class DismissForm(TaskForm):
    said = prose(gettext_lazy("Why nothing is done in any system"), CONTROL_TEXT_LIMIT, rows=3)


class ControlForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=CONTROL_NAME_LIMIT)
    description = prose(
        gettext_lazy("What does it do?"),
        CONTROL_TEXT_LIMIT,
        help_text=gettext_lazy("What happens when somebody tries what the rule forbids."),
    )
    stage = forms.ChoiceField(label=gettext_lazy("At which stage?"), choices=[EMPTY, *Control.Stage.choices])
    mode = forms.ChoiceField(
        label=gettext_lazy("How is it enforced?"),
        choices=[EMPTY, *Control.Mode.choices],
        help_text=gettext_lazy(
            "Only what a machine does counts as enforced; what people do or promise counts as weak."
        ),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind of control that the policy names"),
        required=False,
        help_text=gettext_lazy("Leave it if the policy names no such kind."),
    )
    evidence = prose(
        gettext_lazy("Evidence"),
        CONTROL_TEXT_LIMIT,
        rows=3,
        required=False,
        help_text=gettext_lazy("What shows that it works. Without evidence nobody can verify it."),
    )
    evidence_url = forms.URLField(
        label=gettext_lazy("Link to the evidence"),
        max_length=LINK_LIMIT,
        required=False,
        assume_scheme="https",
        validators=[URLValidator(schemes=["http", "https"])],
    )
    rules = forms.MultipleChoiceField(
        label=gettext_lazy("Rules it enforces"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one rule.")},
        help_text=gettext_lazy("Rules that do not apply to the system are left out."),
    )

    def __init__(self, *arguments: Any, system: AISystem, held: list[str], **options: Any) -> None:
        """`held`: codes the control has already, which stay to be chosen whether or not they apply still."""
        super().__init__(*arguments, **options)
        in_force = Rule.objects.in_force(now()).select_related("group").order_by("group__position", "position")
        self.offered = [rule for rule in in_force if rule.code in held or applies(rule, system)]
        gone = sorted(set(held) - {rule.code for rule in self.offered})
        self.fields["rules"].choices = [
            *((rule.code, f"{rule.code} {rule.title}") for rule in self.offered),
            *((code, _("%(code)s (not in force)") % {"code": code}) for code in gone),
        ]
        catalogue = Catalogue.objects.filter(version__in=in_force.values("version")[:1]).first()
        known = catalogue.document["controls"] if catalogue else {}
        self.fields["kind"].choices = [EMPTY, *((code, entry["title"]) for code, entry in known.items())]

    @property
    def groups(self) -> list[tuple[str, list[Any], int]]:
        """The boxes of `rules` by group: its title, its boxes, and how many are ticked."""
        titles = {rule.code: rule.group.title for rule in self.offered}
        boxes: dict[str, list[Any]] = {}
        for box in self["rules"]:
            boxes.setdefault(titles.get(str(box.data["value"]), _("Not in force")), []).append(box)
        return [(title, found, sum(bool(box.data["selected"]) for box in found)) for title, found in boxes.items()]


class MapFilter(forms.Form):
    """What the map shows; what it does not know it leaves out."""

    is_filter = True
    result = forms.ChoiceField(
        label=gettext_lazy("Result"),
        choices=[("", gettext_lazy("Every result")), *Coverage.choices],
        required=False,
    )
    group = forms.ChoiceField(label=gettext_lazy("Rules"), required=False)

    def __init__(self, *arguments: Any, rules: list[Rule], **options: Any) -> None:
        super().__init__(*arguments, **options)
        groups = {rule.group.code: rule.group.title for rule in rules}
        self.fields["group"].choices = [("", gettext_lazy("All groups of rules")), *groups.items()]

    def chosen(self, name: str) -> str:
        """The value of `name`, or nothing if it is not one of the choices."""
        self.is_valid()
        return str(self.cleaned_data.get(name, ""))
