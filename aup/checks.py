"""What is wrong with a policy, a rule or a matrix: all of it, in sentences. Pure; form, file and API ask here."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from jsonschema import Draft202012Validator, ValidationError

from aup import schema
from aup.matrix import shape as matrix_shape
from aup.matrix import table

Path = tuple[str | int, ...]
Document = dict[str, Any]
SHOWN = 40  # characters of what somebody typed


@dataclass(frozen=True)
class Problem:
    """`text` is about the thing at `path`: “threshold is missing”. What it names there is its `key`."""

    path: Path
    text: str
    key: str = ""

    @property
    def where(self) -> Path:
        """Where to look in a file."""
        return (*self.path, self.key) if self.key else self.path


def sentence(problem: Problem) -> str:
    """The problem with the place where it is: “threshold has 500 characters; it may have 400”."""
    return f"{place(problem.path)} {problem.text}" if problem.path else problem.text


def place(path: Path) -> str:
    """A path in words: `consequence.monitoring`; of a list, which entry it is."""
    words = ""
    for part in path:
        if isinstance(part, int):
            words += _(", entry %(number)s") % {"number": part + 1}
        else:
            words += f".{part}" if words else part
    return words.removeprefix(", ")


def kind_words(kind: str) -> str:
    return {
        "string": _("text"),
        "array": _("a list"),
        "object": _("a mapping of names to values"),
        "boolean": _("true or false"),
        "integer": _("a whole number"),
        "number": _("a number"),
        "null": _("empty"),
    }[kind]


def shown(value: Any) -> str:
    words = "true" if value is True else "false" if value is False else str(value)
    return words if len(words) <= SHOWN else f"{words[:SHOWN]}…"


def described(error: ValidationError) -> Iterator[str]:
    """The error in words, about the place where it is; an unknown key has a problem of its own."""
    value: Any = error.validator_value
    scheme: Any = error.schema
    rule: str = str(error.validator)
    found: Any = error.instance
    match rule:
        case "required":
            yield from (_("%(key)s is missing") % {"key": key} for key in value if key not in found)
        case "type":
            kinds = [value] if isinstance(value, str) else value
            yield _("must be %(kind)s") % {"kind": _(" or ").join(kind_words(kind) for kind in kinds)}
        case "enum":
            words = ", ".join(map(str, value))
            yield _("must be one of %(words)s, not “%(found)s”") % {"words": words, "found": shown(found)}
        case "const":
            wanted = value if isinstance(value, list) else [value]
            yield _("must be %(words)s") % {"words": ", ".join(map(str, wanted))}
        case "pattern":
            yield scheme.get("says") or _("“%(found)s” does not have the form that belongs here") % {
                "found": shown(found)
            }
        case "minLength":
            yield _("is empty")
        case "maxLength":
            yield _("has %(found)s characters; it may have %(limit)s") % {"found": len(found), "limit": value}
        case "minItems":
            yield _("names nothing; name at least one")
        case "maxItems" | "maxProperties":
            yield ngettext("has more than %(limit)s entry", "has more than %(limit)s entries", value) % {"limit": value}
        case "uniqueItems":
            yield _("names “%(what)s” twice") % {"what": shown(_first_repeated(found))}
        case "minimum" | "maximum":
            least, most = scheme.get("minimum", "–"), scheme.get("maximum", "–")
            bounds = {"least": least, "most": most, "found": shown(found)}
            yield _("must lie between %(least)s and %(most)s, not %(found)s") % bounds
        case _:
            yield error.message


def _first_repeated(values: list[Any]) -> Any:
    seen: list[Any] = []
    for value in values:
        if value in seen:
            return value
        seen.append(value)
    return ""


def shape(document: Any, wanted: schema.Schema, path: Path = ()) -> list[Problem]:
    """Everything in `document` that is not as `wanted`."""
    found: dict[Problem, None] = {}
    for error in Draft202012Validator(wanted).iter_errors(document):
        whole = (*path, *error.absolute_path)
        if error.validator == "additionalProperties":
            found |= dict.fromkeys(_strangers(error, whole))
            continue
        for text in described(error):
            if error.validator == "enum" and "propertyNames" in error.absolute_schema_path:
                text = _("“%(key)s” is no key that belongs here") % {"key": shown(error.instance)}
            found[Problem(whole, text)] = None
    return [*found, *_unstorable(document, path)]


def _strangers(error: ValidationError, path: Path) -> Iterator[Problem]:
    known: Any = error.schema
    document: Any = error.instance
    for key in document:
        if key not in known.get("properties", {}):
            yield Problem(path, _("“%(key)s” is no key that belongs here") % {"key": shown(key)}, str(key))


def _unstorable(value: Any, path: Path) -> Iterator[Problem]:
    """Characters that no database takes."""
    match value:
        case str():
            if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
                yield Problem(path, _("holds a character that cannot be kept"))
        case dict():
            for key, item in value.items():
                yield from _unstorable(key, (*path, key))
                yield from _unstorable(item, (*path, key))
        case list():
            for place, item in enumerate(value):
                yield from _unstorable(item, (*path, place))


@dataclass(frozen=True)
class Known:
    """What the rules of a version may name: from its catalogue and its matrix."""

    modalities: tuple[str, ...]
    exemptions: dict[str, Any]
    controls: dict[str, Any]
    never_exempt: frozenset[str]
    tiers: tuple[str, ...]
    vocabularies: dict[str, frozenset[str]]

    @classmethod
    def of(cls, taxonomy: Document, matrix: Document) -> "Known":
        """From two documents that have their shape."""
        return cls(
            modalities=tuple(taxonomy["enumerations"]["modalities"]),
            exemptions=taxonomy["exemptions"],
            controls=taxonomy["controls"],
            never_exempt=frozenset(taxonomy["exemptions_never_for"]),
            tiers=tuple(table.tiers(matrix)),
            vocabularies=_vocabularies(taxonomy.get("vocabularies", {})),
        )


def _vocabularies(given: Document) -> dict[str, frozenset[str]]:
    """The identifiers of every scheme that the catalogue lists, by the name that rules map to it with."""
    found = {name: frozenset(map(str, words)) for name, words in given.items() if isinstance(words, dict | list)}
    if isinstance(categories := given.get("dsa_categories"), dict):
        found["dsa_category"] = frozenset(categories)
        keywords = {word for entry in categories.values() for word in entry.get("keywords", [])}
        keywords |= set(given.get("dsa_keywords_without_documented_category", []))
        found["dsa_keywords"] = frozenset(keywords | {given.get("dsa_keyword_other", "")})
    return found


def rule_problems(rule: Document, known: Known | None, path: Path = ()) -> list[Problem]:
    """What is wrong with a rule; what it names is looked up only once its shape is right and all of it is `known`."""
    found = shape(rule, schema.RULE, path)
    return (
        found if found or known is None else [*found, *_unknown(rule, known, path), *_contradictions(rule, known, path)]
    )


def _unknown(rule: Document, known: Known, path: Path) -> Iterator[Problem]:
    for key, words, places in (
        ("modalities", known.modalities, _("the modalities of this policy")),
        ("exemptions", known.exemptions, _("the exemptions of this policy")),
        ("controls", known.controls, _("the controls of this policy")),
    ):
        for place, word in enumerate(rule[key]):
            if word not in words:
                text = _("“%(word)s” is not among %(places)s") % {"word": shown(word), "places": places}
                yield Problem((*path, key, place), text)
    tier = rule["minimum_tier"]
    if tier is not None and tier not in known.tiers:
        words = {"tier": tier, "tiers": ", ".join(known.tiers)}
        yield Problem((*path, "minimum_tier"), _("“%(tier)s” is no tier of the matrix, which has %(tiers)s") % words)
    for scheme, value in rule["mappings"].items():
        for word in value if isinstance(value, list) else [value] if value else []:
            if scheme in known.vocabularies and word not in known.vocabularies[scheme]:
                words = {"word": shown(word), "scheme": scheme}
                yield Problem((*path, "mappings", scheme), _("“%(word)s” is not listed under %(scheme)s") % words)


def _contradictions(rule: Document, known: Known, path: Path) -> Iterator[Problem]:
    never = rule["code"] in known.never_exempt
    if never and rule["exemptions"]:
        yield Problem((*path, "exemptions"), _("must be empty: the policy exempts nobody from this rule"))
    if rule["waivable"] and (never or rule["legal_referral"] == "mandatory" or rule["disposition"] == "permitted"):
        why = _(
            "must be false: no waiver is possible where nothing is forbidden, where referral is compulsory, or where "
            "the policy exempts nobody"
        )
        yield Problem((*path, "waivable"), why)
    if rule["disposition"] == "permitted" and rule["mappings"].get("dsa_category"):
        yield Problem((*path, "mappings", "dsa_category"), _("must be empty: what is permitted breaks no law"))


def translation_problems(kind: str, given: Any, original: Document, path: Path = ()) -> list[Problem]:
    """What is wrong with a translation of a `kind` (version, group or rule): its parts, and under `made_from` those of
    an earlier wording. A list has as many entries as the one it was made from.
    """
    parts = schema.TRANSLATED[kind]
    wanted = schema.mapping({**parts, "made_from": schema.mapping(parts, tuple(parts))}, (*parts, "made_from"))
    if found := shape(given, wanted, path):
        return found
    made_from = given.get("made_from", {})
    words = {part: value for part, value in given.items() if part != "made_from"}
    if not words:
        return [Problem(path, _("says nothing; translate at least one part"))]
    found += [
        Problem((*path, "made_from", part), _("is not translated here")) for part in made_from if part not in words
    ]
    for part, value in words.items():
        source = made_from.get(part, original.get(part))
        if not source:
            found.append(Problem((*path, part), _("translates what the original does not say")))
        elif isinstance(value, list) and len(value) != len(source):
            sizes = {"found": len(value), "wanted": len(source)}
            found.append(Problem((*path, part), _("has %(found)s entries, and the original %(wanted)s") % sizes))
    return found


def link_problems(links: Any, path: Path = ()) -> list[Problem]:
    """What is wrong with the linked documents. A model card says what a model is not made for; it binds nobody."""
    found = shape(links, schema.some(schema.LINK), path)
    if found:
        return found
    repeated = _repeated([link["title"] for link in links])
    for place, link in enumerate(links):
        if link["kind"] == "model_card" and link["binding"]:
            found.append(Problem((*path, place, "binding"), _("must be false: a model card does not bind")))
        if link["title"] in repeated:
            found.append(Problem((*path, place, "title"), _("“%(title)s” is linked twice") % {"title": link["title"]}))
    return found


def _repeated(words: Iterable[str]) -> set[str]:
    return {word for word, count in Counter(words).items() if count > 1}


def matrix_problems(matrix: Any, path: Path = ()) -> list[Problem]:
    """What would make a matrix unreadable. What makes it unsound, such as a missing cell, may stand in a draft."""
    wanted: Any = matrix_shape.validator().schema
    if found := shape(matrix, wanted, path):
        return found
    return [Problem(path, text.rstrip(".")) for check in matrix_shape.CHECKS for text in check(matrix)]


def taxonomy_problems(taxonomy: Any, matrix: Any, path: Path = ()) -> list[Problem]:
    """What is wrong with groups, rules and what they name. `matrix` has its shape, or is None."""
    found = shape(taxonomy, _without_rules(), path)
    if not isinstance(taxonomy, dict) or not isinstance(taxonomy.get("groups"), list):
        return found
    known = None if found or matrix is None else Known.of(taxonomy, matrix)
    rules: list[tuple[Path, Document]] = []
    for place, group in enumerate(taxonomy["groups"]):
        given = group.get("rules") if isinstance(group, dict) else None
        for number, rule in enumerate(given if isinstance(given, list) else []):
            here: Path = (*path, "groups", place, "rules", number)
            found += rule_problems(rule, known, here)
            if isinstance(rule, dict):
                rules.append((here, rule))
    families = [((*path, "groups", place), group) for place, group in enumerate(taxonomy["groups"])]
    found += _twice([(here, group) for here, group in families if isinstance(group, dict)])
    return [*found, *_twice(rules)]


def _twice(coded: list[tuple[Path, Document]]) -> list[Problem]:
    found: list[Problem] = []
    first: dict[str, Path] = {}
    for path, document in coded:
        code = str(document.get("code", ""))
        if code in first:
            found.append(Problem((*path, "code"), _("“%(code)s” is taken already") % {"code": shown(code)}))
        first.setdefault(code, path)
    return found


def _without_rules() -> schema.Schema:
    """The taxonomy's schema that leaves the rules to `rule_problems`."""
    family = schema.mapping({**schema.GROUP["properties"], "rules": {"type": "array", "maxItems": schema.RULES}})
    groups = schema.TAXONOMY["properties"]["groups"] | {"items": family}
    return schema.TAXONOMY | {"properties": schema.TAXONOMY["properties"] | {"groups": groups}}
