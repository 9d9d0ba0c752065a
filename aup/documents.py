"""Documents: a taxonomy and a decision matrix as files, how their rows come into a draft, and the way back."""

import functools
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import yaml

from aup.digests import digest as digest
from aup.matrix import shape
from aup.models import Catalogue, DecisionMatrix, Example, LinkedDocument, PolicyVersion, Rule, RuleGroup
from aup.schema import LINK_KEYS, OPTIONAL_RULE_KEYS
from aup.schema import RULE_KEYS as RULE_KEYS

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same answer eight times as fast where libyaml is there
IN_ROWS = ("groups", "linked_documents")  # of the taxonomy; the rest of it is the catalogue


def parsed(text: bytes) -> dict[str, Any]:
    """YAML as JSON has it: what is in memory is what the database gives back."""
    return dict(json.loads(_as_json(text)))


@functools.lru_cache(maxsize=4)
def _as_json(text: bytes) -> str:
    """Remembered: the documents that somebody looked at are read again when they are loaded."""
    document = yaml.load(text, Loader=LOADER)  # noqa: S506  either of the safe ones
    if not isinstance(document, dict):
        raise ValueError("The document is not a mapping of keys to values.")
    return json.dumps(document)


@dataclass(frozen=True)
class Documents:
    taxonomy: dict[str, Any]
    matrix: dict[str, Any]
    digests: tuple[str, str]  # SHA-256 of the taxonomy and of the matrix, as they were read

    @classmethod
    def read(cls, taxonomy: bytes, matrix: bytes) -> "Documents":
        """Both documents from the bytes of their YAML files. What is not YAML or has no rules raises ValueError."""
        digests = (hashlib.sha256(taxonomy).hexdigest(), hashlib.sha256(matrix).hexdigest())
        try:
            documents = cls(parsed(taxonomy), parsed(matrix), digests)
        except yaml.YAMLError as error:
            raise ValueError(f"The document is not YAML: {error}") from error
        documents.refuse_unknown_keys()
        if found := shape.problems(documents.matrix):
            raise ValueError(found[0])
        return documents

    @classmethod
    def given(cls, taxonomy: dict[str, Any], matrix: dict[str, Any]) -> "Documents":
        """Both documents from what they say; the digests are those of their content."""
        return cls(taxonomy, matrix, (digest(taxonomy), digest(matrix)))

    @classmethod
    def of(cls, version: PolicyVersion) -> "Documents":
        """The documents that `version` consists of: loaded into another draft they make the same rows."""
        families: dict[Any, list[dict[str, Any]]] = {group.pk: [] for group in version.groups.all()}
        for rule in version.rules.order_by("position").prefetch_related("examples"):
            families[rule.group_id].append(rule.document)
        taxonomy = dict(version.catalogue.document)
        if links := [{key: getattr(link, key) for key in LINK_KEYS} for link in version.linked_documents.all()]:
            taxonomy["linked_documents"] = links
        taxonomy["groups"] = [
            {"code": group.code, "title": group.title, "description": group.description, "rules": families[group.pk]}
            for group in version.groups.all()
        ]
        return cls.given(taxonomy, version.matrix.document)

    def refuse_unknown_keys(self) -> None:
        """A key that we would drop, or one that is missing, is refused by name."""
        wanted = {*RULE_KEYS, "examples"}
        for group in self.taxonomy.get("groups", []):
            for rule in group.get("rules", []):
                if wrong := wanted ^ (rule.keys() - set(OPTIONAL_RULE_KEYS)):
                    raise ValueError(f"Rule {rule.get('code')} lacks or must not have: {', '.join(sorted(wrong))}.")

    def load(self, version: PolicyVersion) -> None:
        """Write groups, rules, examples, links, catalogue and matrix of `version`, a draft without any."""
        groups = RuleGroup.objects.bulk_create(
            RuleGroup(
                version=version,
                code=group["code"],
                title=group["title"],
                description=group["description"],
                position=position,
            )
            for position, group in enumerate(self.taxonomy["groups"], start=1)
        )
        pairs = [
            (group, rule)
            for group, given in zip(groups, self.taxonomy["groups"], strict=True)
            for rule in given["rules"]
        ]
        rules = Rule.objects.bulk_create(
            Rule(
                version=version,
                group=group,
                position=position,
                cite=f"{rule['code']}@{version.number}",
                **{key: rule[key] for key in RULE_KEYS},
                **{key: rule.get(key, []) for key in OPTIONAL_RULE_KEYS},
            )
            for position, (group, rule) in enumerate(pairs, start=1)
        )
        Example.objects.bulk_create(
            Example(rule=row, kind=kind, text=text, position=position)
            for row, (_group, rule) in zip(rules, pairs, strict=True)
            for kind in Example.Kind.values
            for position, text in enumerate(rule["examples"][kind], start=1)
        )
        LinkedDocument.objects.bulk_create(
            LinkedDocument(version=version, position=position, **link)
            for position, link in enumerate(self.taxonomy.get("linked_documents", []), start=1)
        )
        rest = {key: value for key, value in self.taxonomy.items() if key not in IN_ROWS}
        Catalogue.objects.create(version=version, document=rest)
        DecisionMatrix.objects.create(version=version, document=self.matrix)
