"""Redacting: a copy in which regions are hidden, with why. The original is not touched, and the copy of a transcript
proves that what it shows stood there.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from tipstaff.vault import derive, linetree, storage, transcript
from tipstaff.vault.models import Derivative, SealedFile
from tipstaff.workflow.actors import Actor
from tipstaff.workflow.refused import Refused

REGIONS_LIMIT = 200
BOXES_LIMIT = 40
RANGE = re.compile(r"([tl])(\d{1,6})(?:\s?[-–]\s?[tl]?(\d{1,6}))?", re.IGNORECASE)

Range = list[int]  # first and last line, counted from 0


def ranges_of(indices: Iterable[int]) -> list[Range]:
    """The same lines as first-and-last pairs."""
    found: list[Range] = []
    for index in sorted(set(indices)):
        if found and found[-1][1] == index - 1:
            found[-1][1] = index
        else:
            found.append([index, index])
    return found


def typed(text: str) -> list[tuple[str, int, int]]:
    """`t3, t12-14, l37`: turns and lines as people write them, counted from 1. Raises ValueError with what is wrong."""
    found = []
    for word in filter(None, (part.strip() for part in re.split(r"[,;\n]", text))):
        if (match := RANGE.fullmatch(word)) is None:
            raise ValueError(word[:40])
        first, last = int(match[2]), int(match[3] or match[2])
        if first < 1 or last < first:
            raise ValueError(word[:40])
        found.append((match[1].lower(), first, last))
    return found


def boxes(text: str) -> list[list[int]]:
    """One rectangle a line: left, top, width and height in pixels of the picture as it is shown."""
    found = []
    for line in filter(None, (part.strip() for part in text.splitlines())):
        numbers = re.split(r"[\s,;]+", line)
        if len(numbers) != 4 or not all(re.fullmatch(r"\d{1,5}", number) for number in numbers):
            raise ValueError(line[:40])
        box = [int(number) for number in numbers]
        if not (box[2] and box[3]):
            raise ValueError(line[:40])
        found.append(box)
    return found


def redact_lines(
    file: SealedFile, *, actor: Actor, reason: str, chosen: Iterable[int], also: Iterable[tuple[str, int, int]] = ()
) -> Derivative:
    """Hide lines, by index or by ranges of turns and lines. Refused if that is nothing, everything, or not there."""
    source = _source(file, Derivative.Kind.LINES)
    sealed = transcript.lines(source)
    turns = [transcript.decoded(line).turn for line in sealed]
    hidden = {index for index in chosen if 0 <= index < len(sealed)}
    for unit, first, last in also:
        found = {n for n, turn in enumerate(turns) if first <= (turn if unit == "t" else n + 1) <= last}
        if not found:
            raise Refused(_("There is no turn or line %(name)s in this file.") % {"name": f"{unit}{first}"})
        hidden |= found
    if not hidden:
        raise Refused(_("Choose at least one line to hide."))
    if len(hidden) == len(sealed):
        raise Refused(_("A redaction that hides every line shows nothing. Leave at least one."))
    regions = ranges_of(hidden)
    if len(regions) > REGIONS_LIMIT:
        raise Refused(_("Hide at most %(count)s stretches of lines in one redaction.") % {"count": REGIONS_LIMIT})
    if source.salt is None:
        raise Refused(_("The salt of this transcript was erased, so nothing can be proven of it any more."))
    shown = set(range(len(sealed))) - hidden
    original = {"sha256": file.sha256, "made": source.tool}
    document = linetree.disclosure(bytes(source.salt), sealed, shown, original=original, hidden=regions, reason=reason)
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    params = {"of": str(source.pk), "hidden": regions, "lines": len(sealed), "shown": len(shown)}
    return _keep(file, source, content, "application/json", actor=actor, reason=reason, params=params, root=source.root)


def redact_picture(file: SealedFile, *, actor: Actor, reason: str, boxes: list[list[int]]) -> Derivative:
    """Paint rectangles over the picture that we drew. Refused if there are none, too many, or none that lies in it."""
    source = _source(file, Derivative.Kind.PLAIN)
    width, height = source.params["shown"]
    if not boxes:
        raise Refused(_("Mark at least one rectangle to hide."))
    if len(boxes) > BOXES_LIMIT:
        raise Refused(_("Hide at most %(count)s rectangles in one redaction.") % {"count": BOXES_LIMIT})
    if any(box[0] >= width or box[1] >= height for box in boxes):
        raise Refused(
            _("A rectangle lies outside the picture, which is %(width)s by %(height)s pixels.")
            % {"width": width, "height": height}
        )
    with storage.open_sealed(source.file) as clear, derive.folder() as folder:  # type: ignore[arg-type]
        said = derive.run("hide", clear, Path(folder), boxes=boxes)
        if "problem" in said:
            raise Refused(_("The redaction could not be drawn. Nothing was kept; try again."))
        content = (Path(folder) / "redaction-0.jpg").read_bytes()
    params = {"of": str(source.pk), "hidden": boxes, "shown": [width, height]}
    return _keep(file, source, content, "image/jpeg", actor=actor, reason=reason, params=params)


def _source(file: SealedFile, kind: str) -> Derivative:
    found = file.derivatives.filter(kind=kind, file__isnull=False).select_related("file").order_by("position").first()
    if found is None:
        raise Refused(_("There is nothing of this file that could be redacted."))
    return found


def _keep(
    file: SealedFile,
    source: Derivative,
    content: bytes,
    content_type: str,
    *,
    actor: Any,
    reason: str,
    params: dict[str, Any],
    root: str = "",
) -> Derivative:
    made = Derivative(parent=file, kind=Derivative.Kind.REDACTION, tool=source.tool, params=params, root=root)
    made.reason = reason
    if refusal := Derivative.redact.operation.refusal(made, actor):  # type: ignore[attr-defined]
        raise Refused(refusal)  # said before anything is sealed; the operation asks again under its lock
    again = file.derivatives.filter(kind=made.kind, made_by=actor.pk, reason=reason, params=params).first()
    if again is not None:
        return again  # the same thing sent twice
    made.made_by = actor
    made.file = derive.seal(file, made, content, content_type)
    try:
        made.redact(actor=actor)
    except BaseException:
        storage.let_go(made.file, actor=derive.READER)  # refused after all: no copy of it lies about
        raise
    return made
