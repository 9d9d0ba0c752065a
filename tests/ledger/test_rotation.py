"""Another signing key: the old one vouches for it, and everything signed before still verifies."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.ledger.log import faults, record, sign_all
from tipstaff.ledger import disclosures, keys
from tipstaff.ledger.models import Event, Leaf, SigningKey
from tipstaff.ledger.rotation import rotate


def signer_of(leaf: Leaf) -> str:
    return json.loads(disclosures.unb64url(leaf.jws.partition(".")[0]))["kid"]


@pytest.fixture
def path(tmp_path: Path, settings: Any) -> Path:
    settings.LEDGER_KEY_FILE = tmp_path / "keys" / "ledger.pem"
    return settings.LEDGER_KEY_FILE


def test_the_old_key_signs_that_the_new_one_follows_and_both_verify(clone: str, path: Path) -> None:
    old_kid, _old = keys.load_or_create(path)
    record("case:one", number=1)
    out = io.StringIO()
    call_command("ledger", "rotate-key", stdout=out)

    kid, new = keys.load_or_create(path)
    assert kid != old_kid
    assert out.getvalue().startswith(f"{kid} follows {old_kid}, which signed that it does and is kept in ")
    told = Event.objects.get(kind="ledger.key_rotated")
    assert told.told()["facts.new"]["kid"] == kid
    assert {signer_of(leaf) for leaf in Leaf.objects.all()} == {old_kid}
    assert not Event.objects.filter(leaf=None).exists()

    record("case:one", number=2)
    sign_all((kid, new))
    assert signer_of(Leaf.objects.latest("idx")) == kid
    assert set(SigningKey.objects.values_list("kid", flat=True)) == {old_kid, kid}
    assert faults() == []


def test_the_old_key_is_kept_and_nobody_else_can_read_either(clone: str, path: Path) -> None:
    old_kid, _old = keys.load_or_create(path)
    before = path.read_bytes()
    _old_kid, _kid, kept = rotate(path)
    assert kept == path.with_name(f"ledger.pem.{old_kid}")
    assert kept.read_bytes() == before != path.read_bytes()
    assert {file.name for file in path.parent.iterdir()} == {kept.name, path.name}
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


def test_cut_short_it_leaves_the_old_key_and_the_next_run_takes_the_same_new_one(clone: str, path: Path) -> None:
    old_kid, _old = keys.load_or_create(path)

    def power_failure(**_key: Any) -> int:
        raise OSError("the power is gone")

    with pytest.raises(OSError, match="the power is gone"):
        rotate(path, sign=power_failure)
    assert keys.load_or_create(path)[0] == old_kid
    coming, _new = keys.load_or_create(path.with_name("ledger.pem.next"))
    assert rotate(path)[:2] == (old_kid, coming)
    assert keys.load_or_create(path)[0] == coming
    assert faults() == []


def test_there_must_be_a_key_to_vouch_for_the_new_one(db: None, path: Path) -> None:
    with pytest.raises(CommandError, match="holds no key yet"):
        call_command("ledger", "rotate-key")
    assert not path.exists()
