"""Where things are kept: the vault and its key, the room on the disks, the collected static files."""

import filecmp
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage

from tipstaff.doctor.result import Result, failing, first_line, ok, some, warning
from tipstaff.vault import storage
from tipstaff.vault.models import SealedFile
from tipstaff.vault.scanner import CHUNK, Clamd, Unfit

LITTLE, TOO_LITTLE = 2 * 1024**3, 200 * 1024**2  # bytes
LOOK_AT = ("tipstaff/tipstaff.css", "tipstaff/tipstaff.js", "tipstaff/files.js")


def vault() -> Iterator[Result]:
    """Sealed files can be written and opened, and by nobody else."""
    folder = settings.VAULT_DIR
    oldest = SealedFile.objects.filter(state="sealed").order_by("received_at").first()
    newest = SealedFile.objects.filter(state="sealed").order_by("received_at").last()
    if not folder.exists() and oldest is None:
        yield from _writable(_nearest(folder))
        return
    wrong = [*_private(folder), *_writable(folder)] if folder.exists() else []
    for sealed in {one for one in (oldest, newest) if one}:
        wrong += [one for one in _opens(sealed) if one.state != "ok"]
    yield from wrong
    if all(one.state == "ok" for one in wrong):
        yield ok(f"The vault {folder} is private, and VAULT_KEY opens what is in it.")


def _private(folder: Path) -> Iterator[Result]:
    mode = folder.stat().st_mode & 0o777
    if mode & 0o007:
        yield failing(
            f"Everybody on this machine can look into the vault {folder} (mode {mode:o}).", f"chmod 700 {folder}"
        )


def _writable(folder: Path) -> Iterator[Result]:
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"probe")
    except OSError as error:
        yield failing(
            f"Nothing can be written into {folder} ({error.strerror}): no file can be sealed.",
            "Give the user that runs the web the right to, or correct VAULT_DIR.",
        )


def _opens(sealed: SealedFile) -> Iterator[Result]:
    if not storage.opens(sealed):
        yield failing(
            f"VAULT_KEY does not open the key of file {sealed.pk}: another key sealed it.",
            "Put the VAULT_KEY back that was in use when it was sealed. Nothing else can open it.",
        )
    if not storage.is_stored(sealed):
        yield failing(
            f"The bytes of file {sealed.pk} are not in {settings.VAULT_DIR}.",
            "Correct VAULT_DIR, or bring the directory back from your backup.",
        )


def scanner() -> Iterator[Result]:
    """Files are scanned for malware, by a clamd that says so when it cannot scan one whole."""
    if not settings.CLAMD_URL:
        yield warning(
            "No malware scanner is configured: files are taken in, and shown, as not scanned.",
            "Run clamd with AlertExceedsMax yes, and name it in CLAMD_URL.",
        )
        return
    try:
        clamd = Clamd(settings.CLAMD_URL)
        version = clamd.prove()
    except Unfit as error:
        yield failing(str(error), "Correct clamd or CLAMD_URL. Files wait, and are shown as not scanned.")
        return
    yield ok(f"{version} scans files at {settings.CLAMD_URL}, and says so when it cannot scan one whole.")
    verdict = clamd.scan(bytes(CHUNK) for _chunk in range(settings.FILE_BYTES // CHUNK))
    if verdict.result != SealedFile.Scan.CLEAN:
        yield warning(
            f"clamd does not scan a file as large as FILE_BYTES: {verdict.detail}.",
            "Raise StreamMaxLength, MaxFileSize and MaxScanSize of clamd to FILE_BYTES or more.",
        )


def _nearest(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def disks() -> Iterator[Result]:
    """There is room left where things are kept."""
    seen = set()
    for name, folder in {
        "TIPSTAFF_HOME": settings.TIPSTAFF_HOME,
        "VAULT_DIR": settings.VAULT_DIR,
        "FILE_UPLOAD_TEMP_DIR": Path(settings.FILE_UPLOAD_TEMP_DIR),
    }.items():
        place = _nearest(folder)
        if (device := place.stat().st_dev) in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(place).free
        sentence = f"{free / 1024**3:.1f} GB are free where {name} is ({folder})."
        if free < TOO_LITTLE:
            yield failing(sentence, "Free some space: uploads are refused soon, and then everything stops.")
        elif free < LITTLE:
            yield warning(sentence, "Free some space before it runs out.")
        else:
            yield ok(sentence)


def static() -> Iterator[Result]:
    """What the pages link to was collected, and is what this code brings."""
    collect, kept = "Run manage.py collectstatic --noinput.", cast(Any, staticfiles_storage)
    if not hasattr(kept, "load_manifest"):
        yield ok("Static files are served as they lie in the source: this is no production.")
        return
    manifest = Path(settings.STATIC_ROOT) / kept.manifest_name
    try:
        known, _hash = kept.load_manifest()
    except (OSError, ValueError) as error:
        yield failing(f"The list of static files {manifest} cannot be read: {first_line(error)}.", collect)
        return
    missing = [name for name in LOOK_AT if not known.get(name) or not kept.exists(known[name])]
    if missing:
        yield failing(f"Static files were not collected: {some(missing)} is missing.", collect)
        return
    old = [name for name in LOOK_AT if not _is_current(name)]
    if old:
        yield failing(f"Static files were collected before the last change: {some(old)} is old.", collect)
    else:
        yield ok(f"{len(known)} static files are collected.")


def _is_current(name: str) -> bool:
    source = finders.find(name)
    return bool(source) and filecmp.cmp(str(source), staticfiles_storage.path(name), shallow=False)
