"""Stills of a video by ffmpeg, where it is installed. It gets one local file and no network, and is never trusted."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tipstaff.vault.reading import pictures
from tipstaff.vault.reading.problems import Unreadable

STILLS = 4
SECONDS = 15  # for one run of ffmpeg
CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,flv,asf,ogg"  # none that names other files
DURATION = re.compile(rb"Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)")
VERSION = re.compile(rb"ffmpeg version (\S+)")


def stills(source: Path, folder: Path) -> dict[str, Any]:
    """Up to four frames, evenly spread, each drawn anew. Refused where ffmpeg is absent or finds no picture."""
    if shutil.which("ffmpeg") is None:
        raise Unreadable("no_ffmpeg")
    told = _run(source, "-t", "0", "-f", "null", "-")
    length = DURATION.search(told)
    seconds = float(length[1]) * 3600 + float(length[2]) * 60 + float(length[3]) if length else 0.0
    said: dict[str, Any] = {"seconds": round(seconds), "at": []}
    for place in range(STILLS if seconds > 1 else 1):
        at = seconds * (place + 0.5) / STILLS
        frame = folder / f"frame-{place}.png"
        _run(source, "-frames:v", "1", "-vf", f"scale='min({pictures.LONGEST},iw)':-2", "-y", str(frame), at=at)
        if frame.exists():
            said |= pictures.draw(frame, folder, len(said["at"]))
            said["at"].append(round(at))
            frame.unlink()
    if not said["at"]:
        raise Unreadable("damaged")
    version = VERSION.search(told)
    return said | {"tool": f"ffmpeg {version[1].decode('ascii', 'replace') if version else ''}"[:60].strip()}


def _run(source: Path, *output: str, at: float = 0) -> bytes:
    command = [
        "ffmpeg",
        "-nostdin",
        "-loglevel",
        "info",
        "-threads",
        "1",
        "-protocol_whitelist",
        "file",
    ]
    command += [
        "-format_whitelist",
        CONTAINERS,
        "-ss",
        f"{at:.2f}",
        "-i",
        f"file:{source}",
        "-an",
        "-sn",
        "-dn",
        *output,
    ]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Unreadable("too_long") from error
    return done.stderr
