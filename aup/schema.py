"""What a policy may look like, as JSON Schema: one place for the form, the file and the API. Data only.

Beside a pattern, `says` is the sentence that is shown when it does not fit.
"""

from typing import Any

Schema = dict[str, Any]

OPTIONAL_RULE_KEYS = ("products", "activity")  # lists that are written only where they limit the rule
# A rule is shown and written with its keys in this order.
RULE_ORDER = (
    "code", "title", "kind", "disposition", "severity", "modalities", "audience", "jurisdictions", "products",
    "activity", "enabled", "statement", "action", "threshold", "conditions", "parameters", "examples", "exemptions",
    "legal_referral", "content_handling", "support_first", "minimum_tier", "consequence", "waivable",
    "zero_tolerance", "obligation", "controls", "mappings",
)  # fmt: skip
RULE_KEYS = tuple(key for key in RULE_ORDER if key not in {*OPTIONAL_RULE_KEYS, "examples"})
GROUP_KEYS = ("code", "title", "description")
LINK_KEYS = ("kind", "title", "url", "binding")
SCOPE_KEYS = ("data", "tasks", "contexts")
CONSEQUENCES = ("corrective", "monitoring", "enforcement")

TITLE, ACTION, THRESHOLD, LINE, TEXT = 200, 300, 400, 1000, 5000  # characters
LIST = 100  # entries
ROOM = 2  # a translation may be this many times as long as its original may be
RULES, GROUPS = 1000, 100
LARGEST = 2**53 - 1  # JSON carries whole numbers exactly up to here


def text(longest: int, shortest: int = 0) -> Schema:
    return {"type": "string", "maxLength": longest, **({"minLength": shortest} if shortest else {})}


def one_of(*words: Any) -> Schema:
    return {"enum": list(words)}


def some(items: Schema, *, least: int = 0, most: int = LIST) -> Schema:
    return {"type": "array", "items": items, "uniqueItems": True, "maxItems": most, "minItems": least}


def mapping(properties: dict[str, Schema], optional: tuple[str, ...] = (), *, closed: bool = True) -> Schema:
    """An object with exactly these keys; `closed=False` lets others stand beside them."""
    required = [key for key in properties if key not in optional]
    found: Schema = {"type": "object", "properties": properties, "required": required}
    return found | ({"additionalProperties": False} if closed else {})


def named(value: Schema, most: int = LIST) -> Schema:
    """An object from names to `value`."""
    return {
        "type": "object",
        "propertyNames": text(80, 1),
        "additionalProperties": value,
        "maxProperties": most,
    }


CODE = text(10) | {
    "pattern": r"^[A-Z][A-Z0-9-]*$",
    "says": "must be up to 10 capital letters, digits and hyphens, such as SP-03",
}
PLACE = {"type": "string", "pattern": r"^(\*|[A-Z]{2})$", "says": "must be '*', a country code such as FR, or EU"}
ADDRESS = text(500) | {"pattern": r"^(https?://[^\s/]+\S*)?$", "says": "must be an address that begins with https://"}
NUMBER = text(20) | {
    "pattern": r"^[0-9A-Za-z][0-9A-Za-z.+-]*$",
    "says": "must be up to 20 letters, digits, dots, hyphens and plus signs, such as 1.1",
}
SENTENCES = some(text(LINE, 1))
CODES = some(text(40, 1))
AMOUNT = {"type": ["number", "string", "boolean"], "maximum": LARGEST, "minimum": -LARGEST, "maxLength": LINE}
REFERRAL = ("none", "discretionary", "mandatory")
HANDLING = ("standard", "sensitive", "sealed")

RULE = mapping(
    {
        "code": CODE,
        "title": text(TITLE, 1),
        "kind": one_of("content", "end_use", "industry", "operational", "disclosure"),
        "disposition": one_of("prohibited", "restricted", "permitted"),
        "severity": one_of(1, 2, 3, 4),
        "modalities": some(text(40, 1), least=1),
        "audience": some(one_of("user", "developer", "deployer"), least=1),
        "jurisdictions": some(PLACE, least=1),
        "products": some(text(80, 1)),
        "activity": some(one_of("generation", "classification")),
        "enabled": {"type": "boolean"},
        "statement": text(TEXT, 1),
        "action": text(ACTION),
        "threshold": text(THRESHOLD),
        "conditions": SENTENCES,
        "parameters": named(AMOUNT),
        "examples": mapping({"allowed": SENTENCES, "prohibited": SENTENCES}),
        "exemptions": CODES,
        "legal_referral": one_of(*REFERRAL),
        "content_handling": one_of(*HANDLING),
        "support_first": {"type": "boolean"},
        "minimum_tier": {"type": ["string", "null"], "maxLength": 4},
        "consequence": mapping({kind: {"type": ["string", "null"], "maxLength": LINE} for kind in CONSEQUENCES}),
        "waivable": {"type": "boolean"},
        "zero_tolerance": {"type": "boolean"},
        "obligation": {"type": "boolean"},
        "controls": CODES,
        "mappings": named({"type": ["string", "null", "array"], "items": text(TITLE, 1), "maxItems": LIST}),
    },
    OPTIONAL_RULE_KEYS,
)
GROUP = mapping({"code": CODE, "title": text(TITLE, 1), "description": text(TEXT)})
FAMILY = mapping({**GROUP["properties"], "rules": {"type": "array", "items": RULE, "maxItems": RULES}})
LINK = mapping(
    {
        "kind": one_of("behaviour_policy", "model_card", "api_policy", "contract"),
        "title": text(TITLE, 1),
        "url": ADDRESS,
        "binding": {"type": "boolean"},
    }
)
SCOPE = mapping(dict.fromkeys(SCOPE_KEYS, SENTENCES))
SAID = {
    "number": NUMBER,
    "rationale": text(TEXT),
    "changelog": text(TEXT),
    "summary": text(TEXT * 2),
    "scope": SCOPE,
}
# Unlike those of the original, two entries may come out the same.
TRANSLATED_LIST = {"type": "array", "items": text(LINE * ROOM, 1), "minItems": 1, "maxItems": LIST}
TRANSLATED: dict[str, dict[str, Schema]] = {
    "version": {
        "title": text(TITLE * ROOM, 1),
        "summary": text(TEXT * 2 * ROOM, 1),
        "binding_instrument": text(TEXT * ROOM, 1),
        **dict.fromkeys(SCOPE_KEYS, TRANSLATED_LIST),
        "rationale": text(TEXT * ROOM, 1),
        "changelog": text(TEXT * ROOM, 1),
    },
    "group": {"title": text(TITLE * ROOM, 1), "description": text(TEXT * ROOM, 1)},
    "rule": {
        "title": text(TITLE * ROOM, 1),
        "statement": text(TEXT * ROOM, 1),
        "action": text(ACTION * ROOM, 1),
        "threshold": text(THRESHOLD * ROOM, 1),
        "conditions": TRANSLATED_LIST,
        "allowed": TRANSLATED_LIST,
        "prohibited": TRANSLATED_LIST,
        **{kind: text(LINE * ROOM, 1) for kind in CONSEQUENCES},
    },
}
MEANINGS = named(text(LINE))
TAXONOMY = mapping(
    {
        "enumerations": mapping(
            {
                "kinds": MEANINGS,
                "dispositions": MEANINGS,
                "audiences": MEANINGS,
                "legal_referral": MEANINGS,
                "content_handling": MEANINGS,
                "modalities": some(text(40, 1), least=1),
            },
            closed=False,
        ),
        "exemptions": named(
            mapping(
                {
                    "title": text(TITLE, 1),
                    "grant": one_of("automatic", "analyst", "risk_council"),
                    "max_days": {"type": ["integer", "null"], "minimum": 1, "maximum": 3650},
                    "condition": text(TEXT),
                    "evidence": SENTENCES,
                },
                closed=False,
            )
        ),
        "exemptions_never_for": CODES,
        "controls": named(
            mapping({"stage": one_of("intake", "runtime", "output"), "title": text(TITLE, 1)}, closed=False)
        ),
        "groups": {"type": "array", "items": FAMILY, "maxItems": GROUPS},
    },
    closed=False,
)
