"""A version as others take it away: one JSON document with everything in it, and Markdown to read. Stable keys: what
is there is never renamed, and what is added is added.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from aup.documents import Documents
from aup.models import LinkedDocument, PolicyVersion, Rule

FORMAT = "tipstaff-policy/1"
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&])")


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


def as_markdown(text: dict[str, Any]) -> str:
    """The same text for reading: CommonMark with everything that was typed escaped. Rules that are switched off are
    left out. Headings speak the language that is active, the rules their own.
    """
    return "\n\n".join(_blocks(text)) + "\n"


def _blocks(text: dict[str, Any]) -> Iterator[str]:
    policy, version = text["policy"], text["version"]
    yield f"# {escaped(policy['title'])}"
    yield _("Version %(number)s of %(publisher)s.") % {
        "number": escaped(version["number"]),
        "publisher": escaped(policy["publisher"]),
    }
    if version["effective_from"]:
        yield _("In force from: %(moment)s") % {"moment": version["effective_from"]}
    if version["withdrawn_at"]:
        yield _("Withdrawn: %(moment)s") % {"moment": version["withdrawn_at"]}
    yield from _paragraphs(version["summary"])
    for title, words in (
        (_("Why it binds"), policy["binding_instrument"]),
        (_("Why this version"), version["rationale"]),
        (_("What changed"), version["changelog"]),
    ):
        if words:
            yield f"## {title}"
            yield from _paragraphs(words)
    yield from _scope(version["scope"])
    if links := text["linked_documents"]:
        yield f"## {_('Other documents')}"
        yield "\n".join(f"- {_link(link)}" for link in links)
    yield f"## {_('The rules')}"
    for group in text["groups"]:
        rules = [rule for rule in group["rules"] if rule["enabled"]]
        if rules:
            yield f"### {escaped(group['code'])} {escaped(group['title'])}"
            yield from _paragraphs(group["description"])
            for rule in rules:
                yield from _rule_blocks(rule)
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


def _rule_blocks(rule: dict[str, Any]) -> Iterator[str]:
    yield f"#### {escaped(rule['code'])} {escaped(rule['title'])}"
    disposition, audience = Rule.Disposition(rule["disposition"]).label, Rule.Audience
    who = "; ".join(
        str(audience(word).label) if word in audience.values else escaped(word) for word in rule["audience"]
    )
    yield f"**{disposition}**. {_('Severity %(level)s of 4.') % {'level': rule['severity']}} {who}"
    yield from _paragraphs(rule["statement"])
    facts = [(_("What it is about"), rule["action"]), (_("From when it bites"), rule["threshold"])]
    consequence = rule["consequence"]
    facts += [
        (_("To put it right"), consequence.get("corrective")),
        (_("Watched afterwards"), consequence.get("monitoring")),
        (_("Usual sanctions"), consequence.get("enforcement")),
    ]
    yield "\n".join(f"- {name}: {escaped(words)}" for name, words in facts if words)
    if rule["conditions"]:
        yield f"**{_('Conditions, all of which must be met')}**"
        yield _list(rule["conditions"])
    for title, kind in ((_("Allowed"), "allowed"), (_("Not allowed"), "prohibited")):
        if examples := rule["examples"][kind]:
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
