"""What is done to the vault as a whole: its keys put under another key, and every file read back."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from tipstaff.ledger.append import Entry, append
from tipstaff.time import now
from tipstaff.vault import storage
from tipstaff.vault.models import SealedFile
from tipstaff.workflow.actors import System

VAULT = System("vault")


@dataclass
class Tally:
    """How many files there are, how many keys were put under today's key, and which could not be opened."""

    files: int = 0
    moved: int = 0
    unopened: int = 0


def rewrap(tally: Tally) -> Iterator[str]:
    """Put the key of every file under today's VAULT_KEY, yielding a sentence for each that no key we have opens.

    Safe beside uploads and to stop at any moment: what is done stays, and what is left still opens with the older key.
    """
    kept = SealedFile.objects.exclude(wrapped_key=b"")  # destroyed: disposed of, set aside, or never stored
    for file in kept.order_by("pk").only("pk", "wrapped_key").iterator(chunk_size=500):
        tally.files += 1
        before = bytes(file.wrapped_key)
        try:
            after = storage.rewrapped(before)
        except storage.Damaged as error:
            tally.unopened += 1
            yield f"file {file.pk}: {error}"
            continue
        if after is not None:
            tally.moved += SealedFile.objects.filter(pk=file.pk, wrapped_key=before).update(wrapped_key=after)
    if tally.moved:
        told = {"actor": {"kind": VAULT.actor_kind, "ref": VAULT.actor_ref}, "facts.files": tally.moved}
        with transaction.atomic():
            append([Entry(stream="vault:keys", kind="vault.rewrapped", at=now(), told=told)])


def verify(tally: Tally) -> Iterator[str]:
    """Open every sealed file and compare it with its digest, yielding a sentence for each that is not whole."""
    for pk in SealedFile.objects.filter(state=SealedFile.State.SEALED).order_by("pk").values_list("pk", flat=True):
        yield from _verify(pk, tally)


def _verify(pk: UUID, tally: Tally) -> Iterator[str]:
    file = SealedFile.objects.get(pk=pk)
    tally.files += 1
    try:
        storage.verify(file)
    except storage.Damaged as error:
        tally.unopened += 1
        yield f"file {pk}: {error}"
