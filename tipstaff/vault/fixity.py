"""Whether what is stored is still what was sealed: a sample each night, so that every file is compared each 90 days."""

import hashlib
import math
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from tipstaff.ledger.append import Entry, append
from tipstaff.time import now
from tipstaff.vault import places, storage
from tipstaff.vault.models import SealedFile
from tipstaff.workflow.actors import System

FIXITY = System("fixity")
EVERY = timedelta(days=90)
NIGHTS = 60  # a sample of this share each night goes round in less than 90, so that missed nights do no harm
STREAM = "vault:fixity"
KEYLESS = ["failed", "set_aside", "disposed"]  # of these nothing lies in the vault


def check_sample() -> dict[UUID, bool]:
    """Compare the files that waited longest with their digests. One event says how many, which failed, and the digest
    of all results; each damaged file has an event of its own beside it.
    """
    files = SealedFile.objects.filter(state=SealedFile.State.SEALED)
    due = SealedFile.objects.unverified_since(now() - EVERY / 3)
    results = {file.pk: check(file) for file in due[: max(1, math.ceil(files.count() / NIGHTS))]}
    if results:
        told = {
            "actor": {"kind": FIXITY.actor_kind, "ref": FIXITY.actor_ref},
            "facts.files": len(results),
            "facts.damaged": [str(pk) for pk, whole in results.items() if not whole],
            "facts.results": digest(results.items()),
        }
        with transaction.atomic():
            append([Entry(stream=STREAM, kind="fixity.checked", at=now(), told=told)])
    return results


def check(file: SealedFile) -> bool:
    """Read one file back. A damaged one is reported once; what is whole is noted with the time."""
    try:
        storage.verify(file)
    except storage.Damaged:
        report(file)
        whole = False
    else:
        whole = True
    SealedFile.objects.filter(pk=file.pk, state=SealedFile.State.SEALED).update(verified_at=now())
    return whole


def report(file: SealedFile) -> None:
    """Put on record that the stored bytes are not the sealed ones: once, whoever came upon it."""
    if file.damaged_at is None:
        file.report_damage(actor=FIXITY)


def digest(results: Iterable[tuple[UUID, bool]]) -> str:
    """SHA-256 of `id whole|damaged` lines in the order of ids: what somebody who has the list can compare."""
    lines = (f"{pk} {'whole' if whole else 'damaged'}\n" for pk, whole in sorted(results))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def remove_unclaimed() -> list[str]:
    """Take away what lies in the vault and belongs to no file: parts of broken uploads, bytes of disposed files. Files
    that were never stored whole are marked as failed, those that no matter took are set aside. The names of what was
    removed.
    """
    removed = []
    for name, path in places.lying_there():
        kept = SealedFile.objects.filter(pk=name).exclude(state__in=KEYLESS).exists() if name else False
        if not kept:
            path.unlink(missing_ok=True)
            removed.append(path.name)
    broken_off = SealedFile.objects.filter(state="receiving", received_at__lt=now() - places.UNCLAIMED_AFTER)
    for file in broken_off:
        file.fail(actor=FIXITY, reason="broken off")
        places.remove(file.pk)
    for file in SealedFile.objects.unclaimed(now() - places.UNCLAIMED_AFTER):
        storage.let_go(file, actor=FIXITY)
    return removed
