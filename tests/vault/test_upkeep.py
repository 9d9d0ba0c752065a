"""`manage.py vault`: another key for the keys of files, and a reading of everything that is sealed."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.factories import SYSTEM, sealed
from tipstaff.ledger.models import Event
from tipstaff.vault import storage
from tipstaff.vault.models import SealedFile

pytestmark = pytest.mark.usefixtures("db")


def run(act: str) -> str:
    out = io.StringIO()
    call_command("vault", act, stdout=out)
    return out.getvalue()


def content(file: SealedFile) -> bytes:
    file.refresh_from_db()
    with storage.open_sealed(file) as clear:
        return clear.read()


def test_a_file_opens_with_an_older_key_until_it_is_rewrapped_and_with_the_new_one_ever_after(settings: Any) -> None:
    old, new = sealed(b"before\n"), settings.VAULT_KEY + " of another year"
    settings.VAULT_KEY, settings.VAULT_KEY_FALLBACKS = new, [settings.VAULT_KEY]
    fresh = sealed(b"after\n")
    assert content(old) == b"before\n"
    before = bytes(SealedFile.objects.get(pk=fresh.pk).wrapped_key)

    assert run("rewrap") == "1 of 2 files were put under today's key; none needs an older one.\n"

    assert bytes(SealedFile.objects.get(pk=fresh.pk).wrapped_key) == before
    settings.VAULT_KEY_FALLBACKS = []
    assert (content(old), content(fresh)) == (b"before\n", b"after\n")
    event = Event.objects.get(kind="vault.rewrapped")
    assert event.told()["facts.files"] == 1


def test_a_second_run_changes_nothing_and_is_no_event(settings: Any) -> None:
    sealed()
    assert run("rewrap") == "0 of 1 files were put under today's key; none needs an older one.\n"
    assert not Event.objects.filter(kind="vault.rewrapped").exists()


def test_what_was_set_aside_or_never_stored_has_no_key_and_stands_in_no_way(settings: Any) -> None:
    kept, spare, broken = sealed(b"kept\n"), sealed(b"spare\n"), SealedFile(name="x", wrapped_key=storage._wrap("x"))
    spare.set_aside(actor=SYSTEM)
    broken.receive(actor=SYSTEM)
    broken.fail(actor=SYSTEM, reason="no room")
    assert bytes(SealedFile.objects.get(pk=broken.pk).wrapped_key) == b""
    settings.VAULT_KEY, settings.VAULT_KEY_FALLBACKS = "new", [settings.VAULT_KEY]
    assert run("rewrap") == "1 of 1 files were put under today's key; none needs an older one.\n"
    settings.VAULT_KEY_FALLBACKS = []
    assert content(kept) == b"kept\n"


def test_a_key_that_nobody_has_is_told_and_the_others_are_moved(settings: Any) -> None:
    settings.VAULT_KEY = "lost"
    lost = sealed()
    settings.VAULT_KEY = "old"
    kept = sealed()
    settings.VAULT_KEY, settings.VAULT_KEY_FALLBACKS = "new", ["old"]
    errors = io.StringIO()
    with pytest.raises(CommandError, match="1 of 2 files could not be opened") as caught:
        call_command("vault", "rewrap", stderr=errors)
    assert caught.value.returncode == 30
    assert errors.getvalue() == f"file {lost.pk}: No vault key that we were given opens this file's key.\n"
    settings.VAULT_KEY_FALLBACKS = []
    assert content(kept)


def test_verify_reads_every_file_and_names_the_one_that_is_gone(vault: Path) -> None:
    files = [sealed(b"one\n"), sealed(b"two\n")]
    out = io.StringIO()
    call_command("vault", "verify", stdout=out)
    assert out.getvalue() == "The vault holds: 2 sealed files, each whole and as it was sealed.\n"
    next(vault.rglob(f"{files[1].pk}*")).unlink()
    errors = io.StringIO()
    with pytest.raises(CommandError, match="1 of 2 files could not be opened"):
        call_command("vault", "verify", stderr=errors)
    assert f"file {files[1].pk}: The stored bytes" in errors.getvalue()
