"""A draft of the reasons, from what stands in the case: its findings and exhibits, and the rule's own words.

It says only what somebody wrote down or sealed. Where there is nothing, there is no draft, and the reviewer writes it.
What reporters wrote is not used: it would tell the account who reported it.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from datetime import datetime

    from cases.models import Case, Evidence, Finding

LIMIT = 4000


def drafts_of(
    case: "Case", conduct_at: "datetime", reports: int, evidence: "Iterable[Evidence]", findings: "Iterable[Finding]"
) -> dict[str, str]:
    """By outcome, the draft of what the account holder would read; no entry where nothing can be said."""
    facts = [finding for finding in findings if finding.rule.code == case.rule.code]
    exhibits = [exhibit for exhibit in evidence if exhibit.added_by_id]  # what the holder sent shows no breach
    if case.subject is None:
        return _of_the_system(facts)
    rule = {"code": case.rule.code, "title": case.rule.title, "statement": case.rule.statement}
    drafts: dict[str, str] = {}
    broken = [finding.facts.strip() for finding in facts if finding.conclusion == "breach"]
    shown = broken or [f"{exhibit.label.rstrip('.')}." for exhibit in exhibits]
    if shown:
        day = date_format(conduct_at, "DATE_FORMAT")
        breach = [
            _("This is about what happened on %(day)s. We looked at what was sealed in this case, and it shows:")
            % {"day": day},
            "\n".join(shown),
            _("That is what the rule %(code)s “%(title)s” does not allow. It says: %(statement)s") % rule,
        ]
        drafts["breach"] = "\n\n".join(breach)[:LIMIT]
    looked = [
        ngettext(
            "We looked into %(count)s report about your account and the rule %(code)s “%(title)s”.",
            "We looked into %(count)s reports about your account and the rule %(code)s “%(title)s”.",
            reports,
        )
        % {"count": reports, **rule}
    ]
    unbroken = [finding.facts.strip() for finding in facts if finding.conclusion == "no_breach"]
    drafts["no_breach"] = "\n\n".join(
        [*looked, *unbroken, _("We found no breach of it. Nothing is imposed on the account.")]
    )[:LIMIT]
    unclear = [finding.facts.strip() for finding in facts if finding.conclusion == "unclear"]
    drafts["insufficient_evidence"] = "\n\n".join(
        [*looked, *unclear, _("What we have does not show whether it was broken. Nothing is imposed on the account.")]
    )[:LIMIT]
    return drafts


def _of_the_system(facts: "Iterable[Finding]") -> dict[str, str]:
    """Where there is no account nobody reads a notice: what was found, by what it concludes."""
    drafts: dict[str, str] = {}
    for finding in facts:
        outcome = outcome_of([finding])
        drafts[outcome] = "\n\n".join([*filter(None, [drafts.get(outcome)]), finding.facts.strip()])[:LIMIT]
    return {outcome: text for outcome, text in drafts.items() if outcome != "breach"}


OUTCOME_OF = {"breach": "breach", "no_breach": "no_breach", "unclear": "insufficient_evidence"}


def outcome_of(findings: "Iterable[Finding]") -> str:
    """What the newest finding concludes, as an outcome; empty without one, because then nobody has said anything."""
    newest = next(reversed(list(findings)), None)
    if newest is None:
        return ""
    return "system_behaviour" if newest.behaviour == "system" else OUTCOME_OF[str(newest.conclusion)]
