"""Citing a turn of a transcript: `E-1#t12` names it for good, because what was sealed does not change."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from tipstaff.vault.models import Derivative
from tipstaff.workflow.refused import Refused

CITATIONS_LIMIT = 50
WRITTEN = re.compile(r"E-0*([1-9]\d{0,5})#t0*([1-9]\d{0,5})(?:\s?[-–]\s?t?0*([1-9]\d{0,5}))?", re.IGNORECASE)


def typed(text: str) -> list[str]:
    """Citations as people write them, `E-1#t12, E-0002#t3-5`, as stored: one a turn, each once, in their order. Raises
    ValueError with the word that is none.
    """
    found: dict[str, None] = {}
    for word in filter(None, (part.strip() for part in re.split(r"[,;\s]+(?=[Ee]-)|[,;\n]", text))):
        match = WRITTEN.fullmatch(word)
        first, last = (int(match[2]), int(match[3] or match[2])) if match else (1, 0)
        if match is None or last < first or last - first >= CITATIONS_LIMIT:
            raise ValueError(word[:40])
        found |= dict.fromkeys(f"E-{match[1]}#t{turn}" for turn in range(first, last + 1))
    return list(found)


def parts(citation: str) -> tuple[int, int]:
    """Exhibit and turn."""
    match = WRITTEN.fullmatch(citation)
    if match is None:
        raise Refused(_("“%(word)s” cites nothing. Write it like E-1#t12.") % {"word": citation})
    return int(match[1]), int(match[2])


def address(case: Any, citation: str) -> str:
    exhibit, turn = parts(citation)
    return reverse("cases:exhibit", args=[case.ref, exhibit]) + f"?turn={turn}#t{turn}"


def refuse_unknown(citations: Iterable[str], files: Mapping[int, Any]) -> None:
    """Refuse what cites an exhibit or a turn that is not there. `files` gives the file of each exhibit."""
    cited = [parts(citation) for citation in citations]
    if len(cited) > CITATIONS_LIMIT:
        raise Refused(_("Cite at most %(count)s turns in one finding.") % {"count": CITATIONS_LIMIT})
    if not cited:
        return
    kept = Derivative.objects.filter(
        kind=Derivative.Kind.LINES, parent__in={files.get(exhibit) for exhibit, _t in cited}
    )
    turns = {parent: params["turns"] for parent, params in kept.values_list("parent", "params")}
    for exhibit, turn in cited:
        if exhibit not in files:
            raise Refused(_("There is no exhibit E-%(number)s in this case.") % {"number": exhibit})
        if turn > turns.get(files[exhibit], 0):
            raise Refused(
                _("E-%(number)s has no turn %(turn)s: it has %(count)s.")
                % {"number": exhibit, "turn": turn, "count": turns.get(files[exhibit], 0)}
            )
