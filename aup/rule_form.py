"""The form of one rule: a document as fields, and fields as a document again, without losing anything on the way."""

import json
import re
from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aup import checks, vagueness, yaml_text
from aup.digests import carried, digest, parts
from aup.models import PolicyVersion, Rule
from aup.schema import ACTION, CONSEQUENCES, RULE_ORDER, TEXT, THRESHOLD, TITLE

Document = dict[str, Any]
EXAMPLES = ("allowed", "prohibited")
SPARE = 1  # empty fields for further examples
MOST_EXAMPLES = 50

SECTIONS = (
    (gettext_lazy("What it says"), ("code", "group", "title", "kind", "disposition", "obligation", "enabled",
                                    "statement", "action", "threshold", "conditions", "parameters")),
    (gettext_lazy("Examples"), EXAMPLES),
    (gettext_lazy("Whom and what it covers"), ("audience", "modalities", "jurisdictions", "products", "activity")),
    (gettext_lazy("What follows"), ("severity", "minimum_tier", "zero_tolerance", *CONSEQUENCES, "legal_referral",
                                    "content_handling", "support_first")),
    (gettext_lazy("Exemptions and waivers"), ("exemptions", "waivable")),
    (gettext_lazy("How it is enforced"), ("controls",)),
    (gettext_lazy("Where else it is named"), ("dsa_category", "mappings")),
)  # fmt: skip


class Prose(forms.CharField):
    """Text as it was typed, with one kind of line break."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")


class Lines(Prose):
    """A list, one entry on each line."""

    widget = forms.Textarea(attrs={"rows": 3, "dir": "auto"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        return [line.strip() for line in super().clean(value).split("\n") if line.strip()]


class Places(forms.CharField):
    """Codes of places, between commas or spaces."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        return [word.strip().upper() for word in re.split(r"[,\s]+", str(super().clean(value))) if word.strip()]


def several(label: Any, choices: Any, hint: Any = "") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, choices=choices, required=False, help_text=hint, widget=forms.CheckboxSelectMultiple
    )


def prose(label: Any, rows: int, hint: Any = "", longest: int | None = None) -> Prose:
    attrs: dict[str, Any] = {"rows": rows, "dir": "auto"}
    return Prose(label=label, required=False, help_text=hint, widget=forms.Textarea(attrs=attrs), max_length=longest)


class RuleForm(forms.Form):
    """`rule` is the document after a successful `is_valid`. What is wrong with it stands beside the fields."""

    is_filter = True  # which fields may stay empty is said where they may not

    opened = forms.CharField(required=False, widget=forms.HiddenInput)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    code = forms.CharField(
        label=gettext_lazy("Code"),
        required=False,
        max_length=10,
        help_text=gettext_lazy("Such as SP-03. It stays with the rule for ever and is never used for another."),
    )
    group = forms.ChoiceField(label=gettext_lazy("Group"), help_text=gettext_lazy("Recurrence is counted within it."))
    title = Prose(label=gettext_lazy("Title"), required=False, max_length=TITLE)
    kind = forms.ChoiceField(label=gettext_lazy("What it is about"), choices=Rule.Kind)
    disposition = forms.ChoiceField(label=gettext_lazy("Is that allowed?"), choices=Rule.Disposition)
    obligation = forms.BooleanField(
        label=gettext_lazy("It is a duty of those who build or offer, not a limit on use"), required=False
    )
    enabled = forms.BooleanField(label=gettext_lazy("It is switched on"), required=False)
    statement = prose(gettext_lazy("Statement"), 5, gettext_lazy("The rule in full, as people read it."), TEXT)
    action = prose(gettext_lazy("Action"), 2, gettext_lazy("The conduct in one phrase, as lists show it."), ACTION)
    threshold = prose(
        gettext_lazy("Threshold"),
        2,
        gettext_lazy("From when it bites: a number, or a bound that two reviewers would test alike."),
        THRESHOLD,
    )
    conditions = Lines(
        label=gettext_lazy("Conditions"),
        required=False,
        help_text=gettext_lazy("One on each line. A restricted use is allowed when all of them are met."),
    )
    parameters = prose(
        gettext_lazy("Numbers in the text"), 2, gettext_lazy("One on each line, as “name: value”, such as “hours: 24”.")
    )
    audience = several(gettext_lazy("Whom it binds"), Rule.Audience.choices)
    modalities = several(gettext_lazy("Modalities"), ())
    jurisdictions = Places(
        label=gettext_lazy("Where"),
        required=False,
        help_text=gettext_lazy("* for everywhere, country codes such as FR, or EU; commas between them."),
    )
    products = Lines(
        label=gettext_lazy("Products"),
        required=False,
        help_text=gettext_lazy("One on each line, if it is limited to some. Empty means all."),
    )
    activity = several(
        gettext_lazy("What has to be asked of the system"),
        Rule.Activity.choices,
        gettext_lazy("Tick nothing to leave it to the exemptions: a rule with EX-MOD does not cover classifying."),
    )
    severity = forms.TypedChoiceField(
        label=gettext_lazy("Severity"), choices=[(level, str(level)) for level in (1, 2, 3, 4)], coerce=int
    )
    minimum_tier = forms.ChoiceField(label=gettext_lazy("Never below"), required=False)
    zero_tolerance = forms.BooleanField(
        label=gettext_lazy("An account can be closed without an earlier warning"), required=False
    )
    corrective = prose(gettext_lazy("To put it right"), 2)
    monitoring = prose(gettext_lazy("Watched afterwards"), 2)
    enforcement = prose(gettext_lazy("Usual sanctions"), 2, gettext_lazy("Not for what is permitted."))
    legal_referral = forms.ChoiceField(label=gettext_lazy("Authorities"), choices=Rule.Referral)
    content_handling = forms.ChoiceField(label=gettext_lazy("Evidence"), choices=Rule.Handling)
    support_first = forms.BooleanField(
        label=gettext_lazy("Someone who tells of their own distress is offered help, not a sanction"), required=False
    )
    exemptions = several(gettext_lazy("Exemptions"), ())
    waivable = forms.BooleanField(label=gettext_lazy("A waiver can be asked for"), required=False)
    controls = several(gettext_lazy("Controls"), ())
    dsa_category = forms.CharField(
        label=gettext_lazy("Category of the EU Digital Services Act"), required=False, max_length=TITLE
    )
    mappings = prose(gettext_lazy("Other vocabularies"), 3, gettext_lazy("One on each line, as “scheme: identifier”."))

    def __init__(self, data: Any = None, *, version: PolicyVersion, row: Rule | None, group: str = "") -> None:
        self.version, self.row = version, row
        self.known = version.known()
        self.before: Document = row.document if row else _empty(version)
        opened = row.opened_as if row else None
        initial = {
            **{key: value for key, value in self.before.items() if key in self.base_fields},
            "group": row.group.code if row else group,
            "opened": digest(opened) if opened else "",
            "seen": json.dumps(parts(opened)) if opened else "",
            "parameters": yaml_text.write(self.before["parameters"]).rstrip("\n") if self.before["parameters"] else "",
            "mappings": "\n".join(_mapping_lines(self.before["mappings"])),
            "dsa_category": self.before["mappings"].get("dsa_category") or "",
            "minimum_tier": self.before["minimum_tier"] or "",
            **{kind: self.before["consequence"][kind] or "" for kind in CONSEQUENCES},
        }
        super().__init__(data, initial=initial)
        self._offer()
        for kind in EXAMPLES:
            self._add_examples(kind)

    def _offer(self) -> None:
        """What can be chosen in this version."""
        fields: dict[str, Any] = self.fields
        if self.row:
            del fields["code"]
        fields["group"].choices = [(g.code, f"{g.code} {g.title}") for g in self.version.groups.all()]
        fields["modalities"].choices = [(word, word) for word in self.known.modalities]
        for key, entries in (("exemptions", self.known.exemptions), ("controls", self.known.controls)):
            fields[key].choices = [(code, f"{code}: {entry['title']}") for code, entry in sorted(entries.items())]
        fields["minimum_tier"].choices = [("", _("No lowest tier")), *((tier, tier) for tier in self.known.tiers)]
        if categories := self.known.vocabularies.get("dsa_category"):
            choices = [("", _("None")), *((word, word) for word in sorted(categories))]
            fields["dsa_category"] = forms.ChoiceField(
                label=fields["dsa_category"].label, required=False, choices=choices
            )

    def _add_examples(self, kind: str) -> None:
        """A field for each example, and empty ones for more."""
        given = self.before["examples"][kind]
        count = len(given) + SPARE
        if self.is_bound:
            typed = [int(name.rpartition("-")[2]) for name in self.data if re.fullmatch(rf"{kind}-\d{{1,2}}", name)]
            more = SPARE if f"more_{kind}" in self.data else 0
            count = min(max([-1, *typed]) + 1 + more, MOST_EXAMPLES)
        label = _("An allowed use") if kind == "allowed" else _("A use that is not allowed")
        for place in range(count):
            field = prose(label, 2, longest=1000)
            field.initial = given[place] if place < len(given) else ""
            self.fields[f"{kind}-{place}"] = field

    def examples(self, kind: str) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if re.fullmatch(rf"{kind}-\d+", name)]

    def clean(self) -> Document:
        given = super().clean() or {}
        if not self.errors:
            self.rule = self._document(given)
            for problem in checks.rule_problems(self.rule, self.known):
                field = self._field(problem.path)
                self.add_error(field, capfirst(checks.sentence(problem)) + ".")
            if self.row is None and self.version.rule_in(self.rule["code"]):
                code = self.rule["code"]
                self.add_error("code", _("Rule %(code)s is there already; choose another code.") % {"code": code})
        return given

    def _document(self, given: Document) -> Document:
        """The fields as a document, its keys in their order; a limit that is empty is left out."""
        made = {
            **given,
            "code": self.row.code if self.row else given["code"].strip().upper(),
            "parameters": self._parameters(given["parameters"]),
            "examples": {kind: self._examples(given, kind) for kind in EXAMPLES},
            "minimum_tier": given["minimum_tier"] or None,
            "consequence": {
                kind: given[kind] or (None if self.before["consequence"][kind] is None else "") for kind in CONSEQUENCES
            },
            "mappings": self._mappings(given),
        }
        wanted = [key for key in RULE_ORDER if key not in {"products", "activity"} or made[key]]
        return {key: made[key] for key in wanted}

    def _examples(self, given: Document, kind: str) -> list[str]:
        texts = [given[field.name] for field in self.examples(kind)]
        return [text for text in texts if text.strip()]

    def _parameters(self, text: str) -> Document:
        if not text.strip():
            return {}
        found = yaml_text.read(text.encode())
        for fault in found.faults:
            self.add_error("parameters", _("Line %(line)s: %(text)s.") % {"line": fault.line, "text": fault.text})
        if not found.faults and not isinstance(found.document, dict):
            self.add_error("parameters", _("Write each as “name: value”."))
        return found.document if isinstance(found.document, dict) and not found.faults else {}

    def _mappings(self, given: Document) -> Document:
        """Every scheme that the rule had, and those that were typed; a scheme that held one word keeps to one."""
        made: Document = {
            scheme: [] if isinstance(value, list) else None for scheme, value in self.before["mappings"].items()
        }
        for line in given["mappings"].split("\n"):
            if not line.strip():
                continue
            scheme, colon, word = (part.strip() for part in line.partition(":"))
            if not (scheme and colon and word):
                self.add_error(
                    "mappings", _("Write each as “scheme: identifier”, not “%(line)s”.") % {"line": line[:60]}
                )
                continue
            before = self.before["mappings"].get(scheme, [])
            made[scheme] = word if not isinstance(before, list) else [*(made.get(scheme) or []), word]
        if given["dsa_category"] or "dsa_category" in made:
            made["dsa_category"] = given["dsa_category"] or None
        return made

    def _field(self, path: tuple[str | int, ...]) -> str | None:
        """The field that a place in the document belongs to."""
        match path:
            case ("consequence", str(kind), *_rest):
                return kind
            case ("examples", str(kind), *rest):
                names = [field.name for field in self.examples(kind)]
                place = rest[0] if rest and isinstance(rest[0], int) else 0
                return names[place] if place < len(names) else None
            case ("mappings", "dsa_category", *_rest):
                return "dsa_category"
            case (str(key), *_rest) if key in self.fields:
                return key
        return None

    def sections(self) -> Iterator[tuple[Any, list[tuple[str, list[forms.BoundField], list[str]]]]]:
        """Title and fields of each part of the page; beside each field its vague words."""
        marked: dict[str, list[str]] = {}
        for mark in vagueness.marks(getattr(self, "rule", self.before)):
            marked.setdefault(mark.field.partition(".")[0], []).append(mark.word)
        for title, names in SECTIONS:
            fields: list[tuple[str, list[forms.BoundField], list[str]]] = []
            for name in names:
                if name in EXAMPLES:
                    fields.append((name, self.examples(name), []))
                elif name in self.fields:
                    fields.append((name, [self[name]], marked.get(name, [])))
            yield title, fields


def _mapping_lines(mappings: Document) -> Iterator[str]:
    for scheme, value in mappings.items():
        if scheme != "dsa_category":
            yield from (
                f"{scheme}: {word}" for word in (value if isinstance(value, list) else [value] if value else [])
            )


def _empty(version: PolicyVersion) -> Document:
    """A new rule: on, prohibited, everywhere, with the vocabularies that the others of its version are mapped to."""
    other = version.rules.first()
    schemes: Document = other.mappings if other else {}
    mappings: Document = {scheme: [] if isinstance(value, list) else None for scheme, value in schemes.items()}
    modalities = list(version.catalogue.document["enumerations"]["modalities"])
    return {
        "code": "", "title": "", "kind": "end_use", "disposition": "prohibited", "severity": 2,
        "modalities": modalities, "audience": ["user", "developer", "deployer"], "jurisdictions": ["*"],
        "enabled": True, "statement": "", "action": "", "threshold": "", "conditions": [], "parameters": {},
        "examples": {"allowed": [], "prohibited": []}, "exemptions": [], "legal_referral": "none",
        "content_handling": "standard", "support_first": False, "minimum_tier": None,
        "consequence": dict.fromkeys(CONSEQUENCES), "waivable": False, "zero_tolerance": False, "obligation": False,
        "controls": [], "mappings": mappings,
    }  # fmt: skip


def changed_since(seen: str, now: Document) -> list[tuple[str, str]]:
    """What stands in the rule by now, key by key, where it is not what a form was opened with."""
    before = carried(seen)
    return [(key, shown(value)) for key, value in now.items() if before.get(key) != parts({key: value})[key]]


def shown(value: Any) -> str:
    """A value of a rule in one line."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    if isinstance(value, dict):
        return "; ".join(f"{key}: {shown(item)}" for key, item in value.items()) or "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "–" if value is None or value == "" else str(value)
