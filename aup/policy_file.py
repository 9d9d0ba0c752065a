"""A whole policy as one YAML file: what a version writes, and what a file that was written or edited by hand says."""

import re
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from aup import checks, translated, yaml_text
from aup.documents import Documents
from aup.loading import prepare
from aup.models import Policy, PolicyVersion
from aup.schema import LINK_KEYS, RULE_ORDER, SAID, SCOPE_KEYS, TEXT, TITLE, mapping, text
from aup.translated import Originals
from aup.yaml_text import Fault
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.refused import Refused
from tipstaff.workflow.unit import in_unit_of_work

FORMAT = 1
APART = ("taxonomy", "matrix", "translations")  # checked by themselves
SIZE = 5 * 1024 * 1024  # bytes
SHOWN = 200  # faults
OF_POLICY = {"title": text(TITLE, 1), "publisher": text(TITLE, 1), "binding_instrument": text(TEXT, 1)}
HEAD = mapping(
    {
        "format": {"const": FORMAT},
        **OF_POLICY,
        **SAID,
        "linked_documents": {},
        "taxonomy": {},
        "matrix": {},
        "translations": {},
    },
    ("linked_documents", "translations"),
)
# Keys of the catalogue and the matrix stand in this order; others follow, numbers before words.
KEYS = (
    "schema_version", "id", "code", "taxonomy", "decision_matrix", "name", "version", "language", "title", "label",
    "meaning", "stage", "grant", "max_days", "condition", "attribution", "enumerations", "kinds", "dispositions",
    "severities", "referral_procedure", "exemptions", "exemptions_never_for", "controls", "vocabularies", "groups",
    "dimensions", "scoring", "sanctions", "remediations", "tiers", "overrides", "adjustments", "interim_measures",
    "organisation_scope", "notices", "matrix", "cell_reasons", "type", "intent", "sensitivity", "severity",
    "recurrence", "first", "repeat", "persistent", "order", "values", "window_days", "corrective", "monitoring",
    "enforcement", "allowed", "prohibited", "dsa_category", "dsa_keywords",
)  # fmt: skip
_RANK = {key: place for place, key in enumerate(KEYS)}
_PARTS = re.compile(r"(\d+)")


def _rank(key: str) -> tuple[Any, ...]:
    natural = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in _PARTS.split(key) if part)
    return (_RANK.get(key, len(_RANK)), natural, key)


def ordered(value: Any, keys: tuple[str, ...] = ()) -> Any:
    """`value` with the keys of every mapping in the order of a file; those of the outermost as `keys` has them."""
    match value:
        case dict():
            names = [key for key in keys if key in value] if keys else sorted(value, key=_rank)
            return {key: ordered(value[key]) for key in names}
        case list():
            return [ordered(item) for item in value]
    return value


def file_of(version: PolicyVersion) -> str:
    """The whole of `version` as YAML: the same text for the same content, whoever asks."""
    documents = Documents.of(version)
    taxonomy = {key: value for key, value in documents.taxonomy.items() if key not in {"groups", "linked_documents"}}
    groups = [
        {**group, "rules": [ordered(rule, RULE_ORDER) for rule in group["rules"]]}
        for group in documents.taxonomy["groups"]
    ]
    policy = version.policy
    originals = Originals.of(
        {key: getattr(policy, key) for key in OF_POLICY}, version.description, documents.taxonomy["groups"]
    )
    translations = translated.as_file(version, originals)
    return yaml_text.write(
        {
            "format": FORMAT,
            **{key: getattr(policy, key) for key in OF_POLICY},
            **{key: getattr(version, key) for key in SAID if key != "scope"},
            "scope": {part: version.scope.get(part, []) for part in SCOPE_KEYS},
            "linked_documents": [ordered(link, LINK_KEYS) for link in documents.taxonomy.get("linked_documents", [])],
            "taxonomy": {**ordered(taxonomy), "groups": groups},
            "matrix": ordered(documents.matrix),
            **({"translations": translations} if translations else {}),
        }
    )


@dataclass
class PolicyFile:
    """What a file says, if it says it without fault. `document` is only whole where there are no `faults`."""

    document: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @classmethod
    def read(cls, raw: bytes) -> "PolicyFile":
        """Everything that is wrong with the file, each with its line, or what it says."""
        if len(raw) > SIZE:
            limit = SIZE // 1024 // 1024
            return cls(faults=[Fault(1, _("the file is larger than %(limit)s MB") % {"limit": limit})])
        found = yaml_text.read(raw)
        if found.faults:
            return cls(faults=found.faults)
        document = found.document
        if not isinstance(document, dict):
            return cls(faults=[Fault(1, _("the file is not a mapping of keys to values"))])
        faults = {Fault(found.line(p.where), sentence(document, p)): None for p in problems(document)}
        return cls(document, sorted(faults, key=lambda fault: fault.line)[:SHOWN])

    @property
    def said(self) -> dict[str, Any]:
        """What the version says about itself."""
        return {key: self.document[key] for key in SAID}

    @property
    def documents(self) -> Documents:
        taxonomy = dict(self.document["taxonomy"])
        if links := self.document.get("linked_documents"):
            taxonomy["linked_documents"] = links
        return Documents.given(taxonomy, self.document["matrix"])

    def draft(self, *, actor: Actor, number: str = "") -> PolicyVersion:
        """A draft that says what the file says, under `number` if that is given. The policy is adopted if it is new."""
        if self.faults:
            raise Refused(_("The file has faults; correct them first."))
        said = self.said | ({"number": number} if number else {})

        def act(_work: Any) -> PolicyVersion:
            documents = self.documents
            version = prepare(documents, policy=self._policy(actor), **said)
            taxonomy, matrix = documents.digests
            version.draft(actor=actor, taxonomy_sha256=taxonomy, matrix_sha256=matrix)
            translated.bring_in(version, self.document.get("translations", {}), actor=actor)
            return version

        return in_unit_of_work(act)

    def _policy(self, actor: Actor) -> Policy:
        given = {key: self.document[key] for key in OF_POLICY}
        policy = Policy.objects.filter(title=given["title"]).first()
        if policy is None:
            policy = Policy(**given)
            policy.adopt(actor=actor)
        for key in ("publisher", "binding_instrument"):
            if getattr(policy, key) != given[key]:
                words = {"title": policy.title, "key": key, "known": getattr(policy, key), "given": given[key]}
                raise Refused(
                    _(
                        "“%(title)s” is here already with another %(key)s: “%(known)s”, not “%(given)s”. Use the same, "
                        "or give the policy in the file another title."
                    )
                    % words
                )
        return policy


def problems(document: dict[str, Any]) -> list[checks.Problem]:
    """What is wrong with a file's document, every part by the check that is used for that part everywhere."""
    found = checks.shape({key: document[key] for key in document if key not in APART}, _head())
    for key in ("taxonomy", "matrix"):
        if not isinstance(document.get(key), dict):
            found.append(checks.Problem((), _("%(key)s is missing") % {"key": key}, key))
            return found
    found += checks.link_problems(document.get("linked_documents") or [], ("linked_documents",))
    wrong = checks.matrix_problems(document["matrix"], ("matrix",))
    found += wrong
    found += checks.taxonomy_problems(document["taxonomy"], None if wrong else document["matrix"], ("taxonomy",))
    if "linked_documents" in document["taxonomy"]:
        found.append(checks.Problem(("taxonomy", "linked_documents"), _("stands beside the taxonomy, not in it")))
    if "translations" in document:
        originals = None if found else Originals.of(document, document, document["taxonomy"]["groups"])
        found += translated.problems(document["translations"], originals)
    return found


def _head() -> dict[str, Any]:
    """The schema of what is neither taxonomy nor matrix nor translations."""
    keep = [key for key in HEAD["required"] if key not in APART]
    return HEAD | {"required": keep}


def sentence(document: dict[str, Any], problem: checks.Problem) -> str:
    """The problem with the name of the rule, group or tier that it is in: “rule SP-03: threshold is missing”."""
    names = {"rules": _("rule %(code)s"), "groups": _("group %(code)s"), "tiers": _("tier %(code)s")}
    here: Any = document
    about, rest = "", problem.path
    for depth, part in enumerate(problem.path):
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            break
        kind = problem.path[depth - 1] if depth else ""
        if isinstance(part, int) and kind in names and isinstance(here, dict):
            code = str(here.get("code") or _("number %(number)s") % {"number": part + 1})
            about, rest = names[str(kind)] % {"code": code[:20]}, problem.path[depth + 1 :]
    told = checks.sentence(checks.Problem(rest, problem.text))
    return f"{about}: {told}" if about else told
