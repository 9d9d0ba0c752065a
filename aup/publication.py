"""A version as others take it away: one JSON document with everything in it, and Markdown to read. Stable keys: what
is there is never renamed, and what is added is added.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from aup import translated, wording
from aup.documents import Documents
from aup.models import LinkedDocument, PolicyVersion, Rule
from tipstaff.languages import described

FORMAT = "tipstaff-policy/1"
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&])")


def whole_of(version: PolicyVersion) -> dict[str, Any]:
    """`text_of` with the translations, by language; one query more."""
    text = text_of(version)
    originals = translated.Originals.of(text["policy"], text["version"], text["groups"])
    return text | {"translations": translated.as_read(version, originals)}


def text_of(version: PolicyVersion) -> dict[str, Any]:
    """The whole of `version` as JSON: policy, version, groups with rules and examples, catalogue, matrix. In the
    policy's own language; six queries, however many rules.
    """
    policy, documents = version.policy, Documents.of(version)
    taxonomy = dict(documents.taxonomy)
    return {
        "format": FORMAT,
        "language": settings.POLICY_LANGUAGE,
        "policy": {
            "title": policy.title,
            "publisher": policy.publisher,
            "binding_instrument": policy.binding_instrument,
        },
        "version": {
            "number": version.number,
            "state": version.state,
            "effective_from": _moment(version.effective_from),
            "published_at": _moment(version.published_at),
            "withdrawn_at": _moment(version.withdrawn_at),
            "withdrawal_reason": version.withdrawal_reason,
            "rationale": version.rationale,
            "changelog": version.changelog,
            "summary": version.summary,
            "scope": version.scope,
        },
        "linked_documents": taxonomy.pop("linked_documents", []),
        "groups": taxonomy.pop("groups"),
        "catalogue": taxonomy,
        "matrix": documents.matrix,
    }


def _moment(at: Any) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None


def as_json(text: dict[str, Any]) -> bytes:
    return (json.dumps(text, ensure_ascii=False, indent=1) + "\n").encode()


def as_markdown(text: dict[str, Any], language: str) -> str:
    """The same text for reading: CommonMark with everything that was typed escaped. Rules that are switched off are
    left out. Headings speak the language that is active; the rules do where `language` has a translation, which says
    so where it was made from an earlier wording, and else stand in their own.
    """
    return "\n\n".join(_blocks(text, Tongue(text["translations"], language))) + "\n"


class Tongue:
    """What the translations into one language say of each thing, and how they stand."""

    def __init__(self, translations: dict[str, Any], language: str) -> None:
        self.foreign = language in wording.targets()
        self.language, self.given = language, translations.get(language, {}) if self.foreign else {}

    def entry(self, place: str, code: str = "") -> dict[str, Any] | None:
        found: dict[str, Any] = self.given.get(place, {})
        return (found.get(code) if code else found) or None

    def said(self, original: wording.Text, entry: dict[str, Any] | None) -> dict[str, Any]:
        """The parts of `original`, each translated if it is."""
        words = entry["words"] if entry else {}
        return {part: words.get(part, text) for part, text in original.items()}

    def remarks(self, original: wording.Text, entry: dict[str, Any] | None) -> Iterator[str]:
        """That a thing is not translated, or the original of what was translated from an earlier wording."""
        if not self.foreign:
            return
        if entry is None:
            yield f"*{_('Not translated yet; this is the original.')}*"
        elif entry["stale"]:
            yield f"*{_('This translation was made from an earlier wording.')} {_('The original:')}*"
            for part in entry["stale"]:
                for line in _lines(original.get(part)):
                    yield f"> {escaped(line)}"


def _lines(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def _blocks(text: dict[str, Any], tongue: Tongue) -> Iterator[str]:
    policy, version = text["policy"], text["version"]
    original, entry = wording.about(policy, version), tongue.entry("version")
    said = tongue.said(original, entry)
    yield f"# {escaped(said['title'])}"
    yield _("Version %(number)s of %(publisher)s.") % {
        "number": escaped(version["number"]),
        "publisher": escaped(policy["publisher"]),
    }
    if version["effective_from"]:
        yield _("In force from: %(moment)s") % {"moment": version["effective_from"]}
    if version["withdrawn_at"]:
        yield _("Withdrawn: %(moment)s") % {"moment": version["withdrawn_at"]}
    if tongue.foreign:
        own = described(settings.POLICY_LANGUAGE)["name_translated"]
        yield _(
            "The policy was written in this language: %(policy_language)s. In a dispute that text counts, not a "
            "translation."
        ) % {"policy_language": own}
        yield from tongue.remarks(original, entry)
    yield from _paragraphs(said.get("summary", ""))
    for title, part in (
        (_("Why it binds"), "binding_instrument"),
        (_("Why this version"), "rationale"),
        (_("What changed"), "changelog"),
    ):
        if words := said.get(part):
            yield f"## {title}"
            yield from _paragraphs(words)
    yield from _scope(said)
    if links := text["linked_documents"]:
        yield f"## {_('Other documents')}"
        yield "\n".join(f"- {_link(link)}" for link in links)
    yield f"## {_('The rules')}"
    for group in text["groups"]:
        rules = [rule for rule in group["rules"] if rule["enabled"]]
        if rules:
            yield from _group_blocks(group, tongue)
            for rule in rules:
                yield from _rule_blocks(rule, tongue)
    yield f"## {_('What follows a breach')}"
    yield _table(text["matrix"])


def _scope(scope: dict[str, Any]) -> Iterator[str]:
    for key, title in (("data", _("Data")), ("tasks", _("Tasks")), ("contexts", _("Where it applies"))):
        if lines := scope.get(key):
            yield f"## {title}"
            yield _list(lines)


def _link(link: dict[str, Any]) -> str:
    """Title, kind, address and whether it binds."""
    kind = LinkedDocument.Kind(link["kind"]).label
    binds = _("It binds users as well.") if link["binding"] else _("It does not bind users.")
    address = f" <{link['url']}>" if re.fullmatch(r"https?://[^\s<>]+", link["url"]) else ""
    return f"{escaped(link['title'])} ({kind}).{address} {binds}"


def _group_blocks(group: dict[str, Any], tongue: Tongue) -> Iterator[str]:
    original, entry = wording.of_group(group), tongue.entry("groups", group["code"])
    said = tongue.said(original, entry)
    yield f"### {escaped(group['code'])} {escaped(said['title'])}"
    yield from tongue.remarks(original, entry)
    yield from _paragraphs(said.get("description", ""))


def _rule_blocks(rule: dict[str, Any], tongue: Tongue) -> Iterator[str]:
    original, entry = wording.of_rule(rule), tongue.entry("rules", rule["code"])
    said = tongue.said(original, entry)
    yield f"#### {escaped(rule['code'])} {escaped(said['title'])}"
    disposition, audience = Rule.Disposition(rule["disposition"]).label, Rule.Audience
    who = "; ".join(
        str(audience(word).label) if word in audience.values else escaped(word) for word in rule["audience"]
    )
    yield f"**{disposition}**. {_('Severity %(level)s of 4.') % {'level': rule['severity']}} {who}"
    yield from tongue.remarks(original, entry)
    yield from _paragraphs(said.get("statement", ""))
    facts = [
        (_("What it is about"), said.get("action")),
        (_("From when it bites"), said.get("threshold")),
        (_("To put it right"), said.get("corrective")),
        (_("Watched afterwards"), said.get("monitoring")),
        (_("Usual sanctions"), said.get("enforcement")),
    ]
    yield "\n".join(f"- {name}: {escaped(words)}" for name, words in facts if words)
    if conditions := said.get("conditions"):
        yield f"**{_('Conditions, all of which must be met')}**"
        yield _list(conditions)
    for title, kind in ((_("Allowed"), "allowed"), (_("Not allowed"), "prohibited")):
        if examples := said.get(kind):
            yield f"**{_('Examples')}: {title}**"
            yield _list(examples)


def _table(matrix: dict[str, Any]) -> str:
    head = [_("Intent"), _("Data"), _("Severity"), _("First"), _("Repeat"), _("Persistent")]
    keys = ("intent", "sensitivity", "severity", "first", "repeat", "persistent")
    rows = [[escaped(row.get(key, "")) for key in keys] for row in matrix["matrix"]]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _list(lines: list[str]) -> str:
    return "\n".join(f"- {escaped(line)}" for line in lines)


def _paragraphs(words: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", words.strip()):
        if paragraph.strip():
            yield escaped(paragraph)


def escaped(words: Any) -> str:
    """Words that mean nothing to Markdown: on one line, special signs escaped, and no list by accident."""
    line = SPECIAL.sub(r"\\\1", " ".join(str(words).split()))
    return re.sub(r"^(\d{1,9})([.)])(?= |$)", r"\1\\\2", re.sub(r"^([-+=>])", r"\\\1", line))
