"""Whether what is stored is still what was sealed, and what lies in the vault that belongs to nobody."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from tests.factories import SYSTEM, sealed
from tipstaff.ledger.models import Event
from tipstaff.time import moved_to, now
from tipstaff.vault import fixity, places
from tipstaff.vault.models import SealedFile


def damage(file: SealedFile) -> None:
    path = places.place_of(file.pk)
    path.chmod(0o640)
    path.write_bytes(path.read_bytes()[:-1])


def aged(path: Path) -> Path:
    yesterday = (now() - timedelta(hours=25)).timestamp()
    os.utime(path, (yesterday, yesterday))
    return path


class TestSample:
    def test_one_event_tells_of_all_and_the_list_can_be_compared(self, people: dict) -> None:
        files = [sealed(f"{number}".encode()) for number in range(3)]
        damage(files[1])
        results: dict = {}
        while batch := fixity.check_sample():
            results |= batch
        assert results == {files[0].pk: True, files[1].pk: False, files[2].pk: True}
        told = [event.told() for event in Event.objects.filter(stream=fixity.STREAM).order_by("seq")]
        assert sum(one["facts.files"] for one in told) == 3
        assert [pk for one in told for pk in one["facts.damaged"]] == [str(files[1].pk)]
        assert told[0]["facts.results"] == fixity.digest([(files[0].pk, True)])
        assert Event.objects.filter(kind="file.reported_damage", stream=files[1].stream).count() == 1

    def test_damage_is_reported_once(self, people: dict) -> None:
        file = sealed()
        damage(file)
        for month in range(3):
            with moved_to(now() + timedelta(days=91 * month)):
                assert fixity.check_sample() == {file.pk: False}
        assert Event.objects.filter(kind="file.reported_damage").count() == 1
        assert SealedFile.objects.get().damaged_at

    def test_each_file_comes_round_in_ninety_days(self, people: dict) -> None:
        for number in range(5):
            sealed(f"{number}".encode())
        seen: set = set()
        for night in range(90):
            with moved_to(now() + timedelta(days=night)):
                seen |= fixity.check_sample().keys()
        assert len(seen) == 5

    def test_nothing_there_is_no_event(self, people: dict) -> None:
        assert fixity.check_sample() == {}
        assert not Event.objects.filter(stream=fixity.STREAM).exists()


class TestUnclaimed:
    def test_only_what_is_old_and_belongs_to_nobody_goes(self, people: dict, vault: Path) -> None:
        kept = sealed()
        folder = places.place_of(kept.pk).parent
        aged(places.place_of(kept.pk))
        stray = aged(_written(folder / "01a202a9-025b-7c5e-9e74-4cf06c48c1c7.age"))
        part = aged(_written(folder / "01a202a9-025b-7c5e-9e74-4cf06c48c1c8.partial"))
        young = _written(folder / "01a202a9-025b-7c5e-9e74-4cf06c48c1c9.partial")
        assert sorted(fixity.remove_unclaimed()) == sorted([stray.name, part.name])
        assert places.place_of(kept.pk).exists()
        assert young.exists()
        assert not stray.exists()

    def test_an_upload_that_broke_off_has_failed(self, people: dict) -> None:
        file = SealedFile(name="a.txt", wrapped_key=b"k")
        file.receive(actor=SYSTEM)
        assert fixity.remove_unclaimed() == []
        with moved_to(now() + timedelta(hours=25)):
            fixity.remove_unclaimed()
        file.refresh_from_db()
        assert file.state == "failed"

    def test_an_empty_vault(self, people: dict) -> None:
        assert fixity.remove_unclaimed() == []


def _written(path: Path) -> Path:
    path.write_bytes(b"left over")
    return path


@pytest.mark.parametrize("task", ["check_fixity", "remove_unclaimed", "propose_disposals", "scan_files"])
def test_the_ticks_run(people: dict, task: str) -> None:
    from django.conf import settings

    from tipstaff.vault import tasks

    getattr(tasks, task)()
    assert f"tipstaff.vault.tasks.{task}" in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
