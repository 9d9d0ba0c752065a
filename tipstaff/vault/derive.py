"""Making what can be read of a sealed file: in a process of its own, and sealed like any file."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from tipstaff.vault import linetree, storage
from tipstaff.vault.models import Derivative, SealedFile
from tipstaff.workflow.actors import System
from tipstaff.workflow.unit import in_unit_of_work

READER = System("reader")
SECONDS = {"text": 30, "image": 30, "video": 90, "hide": 30}
KINDS = ("veiled", "grey", "plain")
READING = "reading-"
UNLOCKED_YET = 10  # seconds within which whoever made a place has locked it
OURS = Path(__file__).resolve().parents[2]
# The child gets our code without `tipstaff` itself, which would bring Celery, the settings and with them every secret.
BEGIN = """
import sys, types
sys.path.insert(0, sys.argv[1])
package = types.ModuleType("tipstaff")
package.__path__ = [sys.argv[1] + "/tipstaff"]
sys.modules["tipstaff"] = package
from tipstaff.vault.reading.child import main
main(sys.argv[2:])
"""


def prepare(file: SealedFile) -> None:
    """Make what can be shown of `file`, unless it was made; a failure is kept as what it is. Safe to run twice at once:
    the one who comes second finds it done. Damaged originals raise `storage.Damaged`.
    """
    if file.derivatives.exclude(kind=Derivative.Kind.REDACTION).exists():
        return None
    act = act_for(file.sniffed_type)
    if act is None:
        return _give_up(file, Derivative.Problem.AUDIO)
    with storage.open_sealed(file) as clear, folder() as place:
        said = run(act, clear, Path(place))
        if problem := said.pop("problem", ""):
            return _give_up(file, problem)
        made = _text(file, said, Path(place)) if act == "text" else _pictures(file, said, Path(place))
    _keep(file, made)
    return None


def act_for(sniffed: str) -> str | None:
    """Which reader a type of content gets; None for sound."""
    main, _slash, sub = sniffed.partition("/")
    if main == "image" and "svg" not in sub:
        return "image"
    return {"video": "video", "audio": None}.get(main, "text")


@contextlib.contextmanager
def folder() -> Iterator[str]:
    """A place in which a file lies in clear while the child reads it. It is locked for as long as this process lives,
    so that what a killed one left behind can be told apart, and goes.
    """
    sweep()
    with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix=READING) as place:
        lock = os.open(place, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield place
        finally:
            os.close(lock)


def sweep() -> int:
    """Remove the places in which nobody works any more; how many."""
    removed = 0
    for place in Path(settings.FILE_UPLOAD_TEMP_DIR).glob(f"{READING}*"):
        try:
            lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:  # gone by now
            continue
        try:
            if time.time() - os.fstat(lock).st_mtime > UNLOCKED_YET:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(place, ignore_errors=True)
                removed += 1
        except BlockingIOError:  # somebody works in it
            pass
        finally:
            os.close(lock)
    return removed


def run(act: str, clear: Any, folder: Path, **beside: Any) -> dict[str, Any]:
    """What the child found, or `{"problem": …}`. It knows no secret of ours."""
    source = folder / "source"
    with source.open("wb") as target:
        while chunk := clear.read(storage.CHUNK):
            target.write(chunk)
    for name, content in beside.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    command = [sys.executable, "-I", "-c", BEGIN, str(OURS), act, str(source), str(folder)]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LANG": "C.UTF-8"}
    child = subprocess.Popen(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        child.wait(SECONDS[act])
    except subprocess.TimeoutExpired:
        return {"problem": "too_long"}
    finally:
        _end(child)
    try:
        said: dict[str, Any] = json.loads((folder / "result.json").read_text())
    except (OSError, ValueError):
        return {"problem": "broke_off"}
    return said


def _end(child: subprocess.Popen[bytes]) -> None:
    """It and whatever it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _give_up(file: SealedFile, problem: str) -> None:
    known = problem if problem in Derivative.Problem.values else Derivative.Problem.BROKE_OFF
    Derivative(parent=file, kind=Derivative.Kind.NONE, problem=known).give_up(actor=READER)


Made = tuple[Derivative, bytes, str]


def _text(file: SealedFile, said: dict[str, Any], folder: Path) -> list[Made]:
    content = (folder / "lines.jsonl").read_bytes()
    salt = linetree.new_salt()
    made = Derivative(parent=file, kind=Derivative.Kind.LINES, tool=said.pop("tool"), params=said, salt=salt)
    made.root = linetree.root(salt, content.splitlines()).hex()
    return [(made, content, "application/jsonl")]


def _pictures(file: SealedFile, said: dict[str, Any], folder: Path) -> list[Made]:
    tool = said.pop("tool")
    return [
        (
            Derivative(parent=file, kind=kind, position=int(path.stem.partition("-")[2]), tool=tool, params=said),
            path.read_bytes(),
            "image/jpeg",
        )
        for kind in KINDS
        for path in sorted(folder.glob(f"{kind}-*.jpg"))
    ]


def _keep(file: SealedFile, made: Iterable[Made]) -> None:
    """Seal what was made, then name all of it at once: either a file has been prepared, or it has not."""
    kept = [(derivative, seal(file, derivative, content, kind)) for derivative, content, kind in made]

    def name_all(_work: Any) -> None:
        original = SealedFile.objects.select_for_update(no_key=True).get(pk=file.pk)
        if original.state != SealedFile.State.SEALED:
            return  # disposed of while it was read
        if file.derivatives.exclude(kind=Derivative.Kind.REDACTION).exists():
            return  # somebody was faster
        for derivative, sealed in kept:
            derivative.file = sealed
            derivative.make(actor=READER)

    in_unit_of_work(name_all)
    for derivative, sealed in kept:
        if derivative._state.adding:
            storage.let_go(sealed, actor=READER)


def seal(file: SealedFile, derivative: Derivative, content: bytes, content_type: str) -> SealedFile:
    ending = {"image/jpeg": "jpg", "application/json": "json"}.get(content_type, "jsonl")
    name = f"{Path(file.name).stem[:60]}.{derivative.kind}-{derivative.position}.{ending}"
    return storage.receive(SimpleUploadedFile(name, content, content_type), actor=READER)
