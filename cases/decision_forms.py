"""The shape of what is proposed: outcome, rule, grading, what departs from the matrix, reasons."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup.matrix.table import dimensions
from aup.matrix.words import called
from aup.models.decision_matrix import said
from cases.forms import Offer, RuleChoice
from cases.models import Decision, Sanction, approval
from cases.models.decision import REASONS_LIMIT, REASONS_MINIMUM
from cases.models.effect import AT_THE_GATEWAY, INTERIM_KINDS
from cases.models.grading import FACTOR_NOTE_LIMIT
from cases.models.measured import FINAL, WHOLE, accounts_above
from tipstaff.accounts.models import Subject

TIMED = INTERIM_KINDS  # what a tier imposes for a time: the same that may be imposed before a decision
NOTE = "note_"  # before the id of a factor: the field of what it rests on
CHOSEN = ("factor_notes", "scope", "scope_reason", "scope_typed", "days", "left_out")


def choose(decision: Decision, facts: dict[str, Any]) -> None:
    """Put what was chosen about its measures into a decision."""
    for name in CHOSEN:
        if name in facts:
            setattr(decision, name, facts[name])


def outcomes(about: Subject | None) -> list[tuple[str, Any]]:
    """What can be decided: without an account, only what says nothing of one."""
    return [(one, label) for one, label in Decision.Outcome.choices if about or one not in approval.OF_AN_ACCOUNT]


def _days() -> forms.IntegerField:
    return forms.IntegerField(label=gettext_lazy("Days"), required=False, min_value=1, max_value=36500)


class DecisionForm(forms.ModelForm):
    """What is proposed. The inputs of the matrix are needed for a breach only."""

    rule = RuleChoice(label=gettext_lazy("Rule"))
    conduct_at = forms.DateTimeField(
        label=gettext_lazy("When it happened (UTC)"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    intent = forms.ChoiceField(label=gettext_lazy("Intent"), required=False, widget=forms.RadioSelect)
    sensitivity = forms.ChoiceField(label=gettext_lazy("Data sensitivity"), required=False, widget=forms.RadioSelect)
    severity = forms.TypedChoiceField(
        label=gettext_lazy("Severity"),
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    tier = forms.ChoiceField(label=gettext_lazy("Tier"), required=False)
    factors = forms.MultipleChoiceField(
        label=gettext_lazy("Factors"), required=False, widget=forms.CheckboxSelectMultiple
    )

    scope = forms.ChoiceField(label=gettext_lazy("Account that is limited"), required=False)
    scope_typed = forms.CharField(
        label=gettext_lazy("Reference of that account"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=gettext_lazy("Typed, for a wider account and for a whole organisation."),
    )
    left_out = forms.MultipleChoiceField(
        label=gettext_lazy("Leave out"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Of what the tier imposes. It departs from the matrix: say why, and somebody confirms."),
    )
    days_rate_limit, days_feature_restriction, days_temporary_suspension = (_days() for _kind in TIMED)

    class Meta:
        model = Decision
        fields = [
            "outcome", "rule", "conduct_at", "intent", "sensitivity", "severity", "factors", "tier",
            "departure_reason", "outside_waiver", "scope_reason", "scope_typed", "detection", "legal_ground", "reasons",
        ]  # fmt: skip
        widgets = {
            "outcome": forms.RadioSelect,
            "departure_reason": forms.Textarea(attrs={"rows": 2}),
            "outside_waiver": forms.Textarea(attrs={"rows": 2}),
            "scope_reason": forms.Textarea(attrs={"rows": 2}),
            "reasons": forms.Textarea(attrs={"rows": 7, "maxlength": REASONS_LIMIT, "minlength": REASONS_MINIMUM}),
        }
        labels = {
            "outcome": gettext_lazy("Outcome"),
            "departure_reason": gettext_lazy("Why it departs from the matrix"),
            "scope_reason": gettext_lazy("Why the narrower account is not enough"),
            "outside_waiver": gettext_lazy("Why the act is outside the waiver"),
            "detection": gettext_lazy("How it was found"),
            "legal_ground": gettext_lazy("The law that it breaks as well"),
            "reasons": gettext_lazy("Reasons given to the subject"),
        }
        help_texts = {
            "legal_ground": gettext_lazy(
                "By its name and article. The notice cites it; your reasons say why it applies."
            ),
            "reasons": gettext_lazy("Facts, rule, why it applies. This is what the person reads."),
            "outside_waiver": gettext_lazy(
                "Only for a breach of what a waiver permits. Somebody else then confirms it."
            ),
        }

    def __init__(
        self,
        *arguments: Any,
        matrix: dict[str, Any],
        rules: Offer,
        drafts: dict[str, str] | None = None,
        about: Subject | None = None,
        key: str = "",
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self._offer_measures(matrix, about, key)
        self.fields["rule"].offer_of(rules)
        self.fields["outcome"].choices = outcomes(about)
        if about is None:
            self.fields["reasons"].label = _("Reasons")
            self.fields["reasons"].help_text = _("Facts, rule, why it applies. They stand in the record of the case.")
        self.fields["reasons"].widget.attrs |= {f"data-draft-{name}": text for name, text in (drafts or {}).items()}
        order = dimensions(matrix)
        for name in (
            "intent",
            "sensitivity",
        ):  # in doubt the mildest: nothing in the case says more until somebody does
            self.initial.setdefault(name, order[name][0])
        for name in ("intent", "sensitivity"):
            self.fields[name].choices = [(value, called(value)) for value in order[name]]
        self.fields["detection"].choices = [("", _("As the reports say")), *Decision.Automation.choices]
        self.fields["severity"].choices = [(level, str(level)) for level in order["severity"]]
        self.fields["tier"].choices = [
            ("", _("As the matrix recommends")),
            *((tier["code"], f"{tier['code']}: {tier['title']}") for tier in matrix["tiers"]),
        ]
        self._offer_factors(matrix["adjustments"])

    def _offer_factors(self, adjustments: dict[str, Any]) -> None:
        """The listed factors, each with a field for what it rests on."""
        listed = [*adjustments["mitigating"], *adjustments["aggravating"]]
        self.fields["factors"].choices = [(factor["id"], said(factor["title"])) for factor in listed]
        for factor in listed:
            self.fields[NOTE + factor["id"]] = forms.CharField(
                label=_("What it rests on"), required=False, max_length=FACTOR_NOTE_LIMIT
            )

    @property
    def noted_factors(self) -> list[tuple[Any, Any]]:
        """Each factor with the field of its note."""
        return [(box, self[NOTE + box.data["value"]]) for box in self["factors"]]

    def _offer_measures(self, matrix: dict[str, Any], about: Subject | None, key: str) -> None:
        """The accounts that can be limited, what of a tier can be left out, and for how many days it lasts. `key` makes
        the fields of one case its own, because they stay while the advice around them is asked for again.
        """
        self.about, self.wider = about, {one.external_id: one for one in accounts_above(about)}
        named = [(key, f"{one.get_kind_display()}: {one}") for key, one in self.wider.items()]
        self.fields["scope"].choices = [("", f"{about.get_kind_display()}: {about}" if about else ""), *named]
        imposed = {line["type"] for tier in matrix["tiers"] for line in tier["sanctions"]}
        kinds = [kind for kind in AT_THE_GATEWAY if kind in imposed and kind != FINAL]
        for kind in TIMED:
            field = self.fields[f"days_{kind}"]
            field.label = _("%(measure)s, days") % {"measure": Sanction.Kind(kind).label}
            field.widget.attrs |= {"id": f"days-{kind}-{key}", "hx-preserve": "true"}
        self.fields["left_out"].choices = [(kind, Sanction.Kind(kind).label) for kind in kinds]

    @property
    def must_type(self) -> bool:
        return self.about is not None and self.about.kind in WHOLE

    @property
    def reaches(self) -> bool:
        """Whether there is a choice of account, or one to type."""
        return bool(self.wider) or self.must_type

    @property
    def reached(self) -> Subject | None:
        return self.wider.get(self["scope"].value() or "", self.about)

    def clean_scope(self) -> Subject | None:
        return self.wider.get(self.cleaned_data["scope"])

    def days_fields(self, documents: list[dict[str, Any]]) -> list[tuple[Any, int]]:
        """The field of each measure that a tier imposes for a time, and for how many days it does."""
        return [(self[f"days_{line['type']}"], line["days"]) for line in documents if line["type"] in TIMED]

    def save(self, commit: bool = True) -> Decision:
        decision: Decision = super().save(commit=False)
        choose(decision, self.cleaned_data)
        return decision

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        facts["factor_notes"] = {
            name: facts.get(NOTE + name, "") for name in facts.get("factors", []) if facts.get(NOTE + name)
        }
        facts["days"] = {kind: facts[f"days_{kind}"] for kind in TIMED if facts.get(f"days_{kind}")}
        if facts.get("outcome") != Decision.Outcome.BREACH:
            facts |= {
                "intent": "",
                "sensitivity": "",
                "severity": None,
                "factors": [],
                "factor_notes": {},
                "tier": "",
                "departure_reason": "",
                "outside_waiver": "",
                "legal_ground": "",
                "scope": None,
                "scope_reason": "",
                "scope_typed": "",
                "days": {},
                "left_out": [],
            }
            return facts
        for name in ("intent", "sensitivity", "severity"):
            if not facts.get(name):
                self.add_error(name, _("A breach needs this, because the matrix asks for it."))
        return facts

    def _get_validation_exclusions(self) -> set[str]:
        known: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return known | {"rule"}  # its field has read it a moment ago

    def validate_constraints(self) -> None:
        """Left to the operation, which completes the row before the database looks at it."""

    def clean_reasons(self) -> str:
        reasons = self.cleaned_data["reasons"].strip()
        if len(reasons) < REASONS_MINIMUM:
            raise forms.ValidationError(
                _("Write at least %(count)s characters: what happened, when, and why the rule applies.")
                % {"count": REASONS_MINIMUM}
            )
        return reasons
