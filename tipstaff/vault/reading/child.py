"""The process in which a stranger's file is opened: little memory, little time, no secret in sight. It reads one file
and writes what can be shown into a folder, with `result.json`. Whatever becomes of it, whoever started it goes on.
"""

import codecs
import json
import resource
import sys
from pathlib import Path
from typing import Any

from tipstaff.vault.reading import formats
from tipstaff.vault.reading.problems import Unreadable
from tipstaff.vault.reading.turns import limited

MEMORY = 1536 * 1024 * 1024
SECONDS = 45  # of processor time
WRITTEN = 64 * 1024 * 1024
TEXT_BYTES = 10 * 1024 * 1024


def main(arguments: list[str]) -> None:
    act, source, folder = arguments[0], Path(arguments[1]), Path(arguments[2])
    _limit()
    try:
        said = ACTS[act](source, folder)
    except Unreadable as error:
        said = {"problem": error.problem}
    except MemoryError:
        said = {"problem": "too_large"}
    (folder / "result.json").write_text(json.dumps(said))


def _limit() -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, WRITTEN),
        (resource.RLIMIT_CORE, 0),
    ):
        _soft, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(what, (most, hard if what == resource.RLIMIT_CPU else most))
        except (ValueError, OSError):  # macOS knows no RLIMIT_AS
            continue


def text(source: Path, folder: Path) -> dict[str, Any]:
    """`lines.jsonl`: the file as lines, each with its turn."""
    with source.open("rb") as stream:
        given = stream.read(TEXT_BYTES + 1)
    words, encoding = decode(given[:TEXT_BYTES])
    parser, turns, why = formats.parse(words)
    lines, count, cut = limited(turns)
    with (folder / "lines.jsonl").open("wb") as target:
        for line in lines:
            target.write(line.encoded() + b"\n")
    cut = cut or len(given) > TEXT_BYTES
    said = {"parser": parser, "why": why, "encoding": encoding, "turns": count, "lines": len(lines), "cut": cut}
    return said | {"tool": f"Tipstaff turns {VERSION}"}


VERSION = "1"  # of the formats and of how turns are cut into lines: another one, another tree


def decode(given: bytes) -> tuple[str, str]:
    """Bytes as text, with the encoding. Refuses what is no text."""
    if given.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return given.decode("utf-16", "replace"), "utf-16"
    head = given[:65536]
    odd = sum(byte < 9 or 13 < byte < 27 or 27 < byte < 32 for byte in head)
    if odd * 20 > len(head) or given.startswith((b"%PDF-", b"PK\x03\x04")):
        raise Unreadable("no_viewer")
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(given), "utf-8"
    except UnicodeDecodeError:
        return given.decode("cp1252", "replace"), "cp1252"


def image(source: Path, folder: Path) -> dict[str, Any]:
    from tipstaff.vault.reading import pictures

    return pictures.draw(source, folder) | {"tool": _pillow()}


def video(source: Path, folder: Path) -> dict[str, Any]:
    from tipstaff.vault.reading import film

    return film.stills(source, folder)


def hide(source: Path, folder: Path) -> dict[str, Any]:
    from tipstaff.vault.reading import pictures

    pictures.hide(source, folder / "redaction-0.jpg", json.loads((folder / "boxes.json").read_text()))
    return {"tool": _pillow()}


def _pillow() -> str:
    from PIL import __version__

    return f"Pillow {__version__}"


ACTS = {"text": text, "image": image, "video": video, "hide": hide}

if __name__ == "__main__":
    main(sys.argv[1:])
