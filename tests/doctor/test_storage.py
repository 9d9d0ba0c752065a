"""What the doctor says of the vault, the disks and the collected static files."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests import factories
from tests.doctor.conftest import Told
from tipstaff.doctor import storage
from tipstaff.vault.places import place_of


class TestVault:
    def test_nothing_was_sealed_yet(self, db: None, vault: Path) -> None:
        assert not vault.exists()
        assert Told(storage.vault) == []
        vault.parent.joinpath("file").write_text("")

    def test_all_is_well(self, people: dict, vault: Path) -> None:
        factories.sealed()
        assert vault.stat().st_mode & 0o077 == 0
        assert Told(storage.vault) == [("ok", f"The vault {vault} is private, and VAULT_KEY opens what is in it.", "")]
        assert not list(vault.glob("tmp*"))

    def test_everybody_can_look_in(self, people: dict, vault: Path) -> None:
        factories.sealed()
        vault.chmod(0o755)
        told = Told(storage.vault)
        assert told.failing == [f"Everybody on this machine can look into the vault {vault} (mode 755)."]
        assert told.advice(told.failing[0]) == f"chmod 700 {vault}"

    def test_it_cannot_be_written(self, people: dict, settings: Any, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        settings.VAULT_DIR = tmp_path / "file"
        settings.VAULT_DIR.chmod(0o600)
        assert Told(storage.vault).failing == [
            f"Nothing can be written into {tmp_path / 'file'} (Not a directory): no file can be sealed."
        ]

    def test_another_key_sealed_what_is_in_it(self, people: dict, settings: Any) -> None:
        first, last = factories.sealed(), factories.sealed()
        settings.VAULT_KEY = "another key than before, long enough to be one"
        assert set(Told(storage.vault).failing) == {
            f"VAULT_KEY does not open the key of file {sealed.pk}: another key sealed it." for sealed in (first, last)
        }

    def test_bytes_are_gone(self, people: dict, vault: Path) -> None:
        sealed = factories.sealed()
        place_of(sealed.pk).unlink()
        assert Told(storage.vault).failing == [f"The bytes of file {sealed.pk} are not in {vault}."]

    def test_the_whole_directory_is_gone(self, people: dict, vault: Path) -> None:
        sealed = factories.sealed()
        vault.rename(vault.with_name("elsewhere"))
        assert Told(storage.vault).failing == [f"The bytes of file {sealed.pk} are not in {vault}."]


@pytest.mark.parametrize(("limit", "state"), [("TOO_LITTLE", "failing"), ("LITTLE", "warning")])
def test_a_disk_is_nearly_full(monkeypatch: pytest.MonkeyPatch, limit: str, state: str) -> None:
    assert {known for known, *_rest in Told(storage.disks)} <= {"ok", "warning"}
    monkeypatch.setattr(storage, limit, 2**80)
    assert {known for known, *_rest in Told(storage.disks)} == {state}
    assert "GB are free where TIPSTAFF_HOME is" in Told(storage.disks)[0][1]


class TestStatic:
    @pytest.fixture
    def root(self, settings: Any, tmp_path: Path) -> Path:
        """Where static files are to be collected, as in production but for the compression."""
        settings.STATIC_ROOT = tmp_path / "static"
        settings.STORAGES = settings.STORAGES | {
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
        }
        return settings.STATIC_ROOT

    def test_they_are_collected_current_old_gone(self, root: Path) -> None:
        assert Told(storage.static).failing[0].startswith("Static files were not collected: tipstaff/tipstaff.css")
        call_command("collectstatic", "--noinput", verbosity=0)
        ((state, sentence, _do),) = Told(storage.static)
        assert (state, sentence.endswith(" static files are collected.")) == ("ok", True)
        (root / "tipstaff" / "tipstaff.css").write_text("/* of last year */")
        assert Told(storage.static).failing == [
            "Static files were collected before the last change: tipstaff/tipstaff.css is old."
        ]
        for path in (root / "tipstaff").glob("tipstaff.*.js"):
            path.unlink()
        assert Told(storage.static).failing == ["Static files were not collected: tipstaff/tipstaff.js is missing."]
        (root / "staticfiles.json").write_text("{")
        told = Told(storage.static)
        assert told.failing[0].startswith(f"The list of static files {root / 'staticfiles.json'} cannot be read: ")
        assert told.advice(told.failing[0]) == "Run manage.py collectstatic --noinput."

    def test_in_tests_they_are_not_collected(self) -> None:
        assert [state for state, *_rest in Told(storage.static)] == ["ok"]
