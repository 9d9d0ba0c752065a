"""Numbers for Prometheus: what this process counted, and what the rows say. No label holds what a person typed."""

import os
import socket
from pathlib import Path

HOST = socket.gethostname().replace("_", "-")
ROOM = 1024 * 1024  # for the series of one process, taken at the start: a disk that fills later stops no count


def share(folder: Path) -> None:
    """Keep this process's counts in `folder`, where any other of the machine can add them up. To be called before
    `tipstaff.metrics.counts` is imported, by processes that live long: each leaves two files. Where there is no room
    for them, the process counts for itself.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for kind in ("counter", "histogram"):
            _take_room(folder / f"{kind}_{identity()}.db")
    except OSError:
        return
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def _take_room(path: Path) -> None:
    with path.open("ab") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, ROOM)


def identity() -> str:
    """What no other process has that counts in the same folder: containers share one and all call themselves 1."""
    return f"{HOST}-{os.getpid()}"
