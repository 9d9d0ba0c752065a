"""Files are scanned by a real clamd, with a database of our own that knows the EICAR test file and nothing else."""

import shutil
import socket
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests import factories
from tests.doctor.conftest import Told
from tests.factories import SYSTEM, person, sealed
from tipstaff.doctor import storage as doctor
from tipstaff.ledger.models import Event
from tipstaff.time import moved_to, now
from tipstaff.vault import scanner
from tipstaff.vault.models import SealedFile
from tipstaff.vault.scanner import Clamd, Unfit
from tipstaff.workflow.refused import Refused

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
CLAMD = shutil.which("clamd") or shutil.which("/usr/sbin/clamd")
MEGABYTE = 1024 * 1024
needs_clamd = pytest.mark.skipif(CLAMD is None, reason="clamd is not installed: apt-get install clamav-daemon")
Start = Callable[..., str]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """`start(AlertExceedsMax="no")` runs a clamd with these settings and gives its address."""
    running: list[subprocess.Popen[bytes]] = []

    def run(**options: str) -> str:
        home = tmp_path_factory.mktemp("clamd", numbered=True)
        home.chmod(0o755)
        (home / "db").mkdir()
        (home / "db" / "tests.ndb").write_text(f"Eicar-Test:0:*:{EICAR.hex()}\n")
        path = home / "clamd.ctl"
        told = {"AlertExceedsMax": "yes", "StreamMaxLength": "40M"} | options
        told |= {"LocalSocket": str(path), "DatabaseDirectory": str(home / "db"), "Foreground": "yes"}
        conf = home / "clamd.conf"
        conf.write_text("".join(f"{name} {value}\n" for name, value in told.items()))
        running.append(subprocess.Popen([str(CLAMD), "-c", conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        deadline = time.monotonic() + 30
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        return f"unix://{path}"

    yield run
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def trusted(start: Start) -> str:
    return start()


@pytest.fixture
def clamd(trusted: str, settings: Any) -> str:
    settings.CLAMD_URL = trusted
    return trusted


def zipped(content: bytes) -> bytes:
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside", content)
    return target.getvalue()


def scanned(file: SealedFile) -> tuple[str, str]:
    scanner.scan_due()
    file.refresh_from_db()
    return file.scan_result, file.scan_detail


@needs_clamd
@pytest.mark.usefixtures("people", "clamd")
class TestVerdicts:
    @pytest.mark.parametrize(
        ("content", "result", "detail"),
        [
            (b"10:02 user: hello\n", "clean", ""),
            (b"", "clean", ""),
            (EICAR, "found", "Eicar-Test.UNOFFICIAL"),
            (zipped(EICAR), "found", "Eicar-Test.UNOFFICIAL"),
            (zipped(zipped(EICAR)), "found", "Eicar-Test.UNOFFICIAL"),
            (scanner.nested(40), "unscannable", "Heuristics.Limits.Exceeded.MaxRecursion"),
        ],
        ids=["text", "nothing", "eicar", "eicar in a ZIP", "eicar in a ZIP in a ZIP", "too deep"],
    )
    def test_what_becomes_of_a_file(self, content: bytes, result: str, detail: str) -> None:
        file = sealed(content, "a.bin")
        assert scanned(file) == (result, detail)
        assert file.scanner.startswith("ClamAV ")
        assert file.scan_due_at is None
        told = Event.objects.get(stream=file.stream, kind="file.scanned").told()
        assert (told["facts.result"], told["facts.detail"], told["facts.scanner"]) == (result, detail, file.scanner)
        assert told["actor"]["ref"] == "system:scanner"
        assert scanner.scan_due() == 0  # once is enough

    def test_a_zip_bomb_is_not_called_clean(self) -> None:
        """Ten layers of ten: gigabytes once unpacked, more than clamd's MaxScanSize or MaxFiles."""
        content = bytes(32 * MEGABYTE)
        for _layer in range(4):
            target = BytesIO()
            with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
                for number in range(16):
                    archive.writestr(f"{number}", content)
            content = target.getvalue()
        assert len(content) < MEGABYTE
        result, detail = scanned(sealed(content, "bomb.zip"))
        assert (result, detail.partition(".Max")[0]) == ("unscannable", "Heuristics.Limits.Exceeded")

    def test_what_is_made_of_a_file_is_not_scanned(self) -> None:
        original, derived = sealed(b"one"), sealed(b"two")
        derived.attach(actor=SYSTEM, to=original)
        assert scanner.scan_due() == 1
        derived.refresh_from_db()
        assert derived.scan_result == ""

    def test_a_damaged_file_is_reported_and_not_scanned(self, vault: Path) -> None:
        file = sealed(b"one")
        next(vault.rglob("*.age")).unlink()
        assert scanned(file) == ("", "")
        assert file.damaged_at


@needs_clamd
class TestTrust:
    def test_one_that_calls_half_scanned_files_clean_scans_nothing(
        self, people: dict, start: Start, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.CLAMD_URL = start(AlertExceedsMax="no")
        file = sealed(b"one")
        assert scanned(file) == ("", "")
        assert "set AlertExceedsMax yes" in caplog.text
        assert not Event.objects.filter(kind="file.scanned").exists()
        assert "set AlertExceedsMax yes" in Told(doctor.scanner).failing[0]

    def test_the_deepest_limit_that_can_be_set_is_reached(self, start: Start) -> None:
        assert Clamd(start(MaxRecursion="100")).prove().startswith("ClamAV")

    def test_what_clamd_does_not_take_is_an_error_and_tried_again(
        self, people: dict, start: Start, settings: Any
    ) -> None:
        settings.CLAMD_URL = start(StreamMaxLength="1M")
        file = sealed(b"x" * (3 * MEGABYTE))
        assert scanned(file)[0] == "error"
        assert file.scan_detail == "INSTREAM size limit exceeded. ERROR" or "Error" in file.scan_detail
        first = file.scan_due_at
        assert timedelta(seconds=20) < first - now() <= timedelta(seconds=30)
        with moved_to(first + timedelta(seconds=1)):
            assert scanned(file)[0] == "error"
            assert timedelta(seconds=50) < file.scan_due_at - now() <= timedelta(seconds=60)
            settings.CLAMD_URL = start(StreamMaxLength="10M")
        with moved_to(now() + timedelta(hours=7)):
            assert scanned(file) == ("clean", "")
        assert Event.objects.filter(stream=file.stream, kind="file.scanned").count() == 3

    def test_the_doctor_says_what_it_scans_with_and_up_to_which_size(self, clamd: str, settings: Any) -> None:
        told = Told(doctor.scanner)
        assert [state for state, *_words in told] == ["ok"]
        settings.FILE_BYTES = 50 * MEGABYTE
        assert "clamd does not scan a file as large as FILE_BYTES" in Told(doctor.scanner)[1][1]


class TestNoScanner:
    def test_is_shown_as_such(self, people: dict, enter: Any, settings: Any) -> None:
        file = factories.evidence(factories.claimed()).file
        assert scanner.scan_due() == 0
        custodian = enter("custodian")
        assert "No malware scanner is configured." in custodian.get("/desk/custody/").text
        words = "Not scanned: no scanner is configured"
        assert words in custodian.get(f"/desk/custody/files/{file.pk}/").text
        assert words in enter("reviewer").get(file.get_absolute_url()).text
        assert [state for state, *_words in Told(doctor.scanner)] == ["warning"]

    @pytest.mark.parametrize("url", ["unix:///nowhere/clamd.ctl", "tcp://127.0.0.1:1", "file:///etc/passwd", "clamd"])
    def test_one_that_does_not_answer_leaves_files_waiting(
        self, people: dict, enter: Any, settings: Any, url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.CLAMD_URL = url
        file = sealed(b"one")
        assert scanned(file) == ("", "")
        assert "no file is scanned" in caplog.text
        assert Told(doctor.scanner).failing
        with moved_to(now() + timedelta(hours=2)):
            assert "1 file has waited for its scan for an hour." in enter("custodian").get("/desk/custody/").text

    @pytest.mark.parametrize("said", [b"", b"stream: OK EXTRA\0", b"UNKNOWN COMMAND\0", b"x" * 70_000])
    def test_nonsense_is_an_error_and_never_clean(self, db: None, said: bytes) -> None:
        server = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            line, _address = server.accept()
            line.recv(100)
            line.sendall(said)
            line.close()

        thread = threading.Thread(target=serve)
        thread.start()
        verdict = Clamd(f"tcp://127.0.0.1:{server.getsockname()[1]}").scan([b"text"])
        thread.join()
        server.close()
        assert verdict.result == "error"

    def test_a_silent_one_is_not_waited_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scanner, "PATIENCE", 0.2)
        with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(Unfit, match="does not answer"):
            Clamd(f"tcp://127.0.0.1:{server.getsockname()[1]}").version()


class TestFound:
    @pytest.fixture
    def file(self, people: dict) -> SealedFile:
        found = factories.evidence(factories.claimed(), content=EICAR).file
        found.scan(actor=scanner.SCANNER, result="found", detail="Eicar-Test", scanner="ClamAV 1.4.6/27000")
        return found

    def test_it_leaves_the_vault_for_a_custodian_only(self, file: SealedFile, enter: Any) -> None:
        reviewer = enter("reviewer")
        page = reviewer.get(file.get_absolute_url())
        assert "A scanner found “Eicar-Test” in this file" in page.text
        assert "What do you need the original for?" not in page.text
        assert reviewer.post(file.get_absolute_url(), {"reason": "A look"}).status_code == 409
        told = Event.objects.get(stream=file.stream, kind="file.access_denied").told()
        assert (told["facts.reason"], told["facts.refusal"]) == ("A look", "refused")
        with pytest.raises(Refused, match="Ask a custodian"):
            file.read(actor=person("reviewer"), purpose="look")
        custodian = enter("custodian")
        assert custodian.post(file.get_absolute_url(), {"reason": ""}).status_code == 422
        answer = custodian.post(file.get_absolute_url(), {"reason": "For the police."})
        assert b"".join(answer.streaming_content) == EICAR
        assert answer["Content-Disposition"].startswith("attachment")
        assert Event.objects.get(stream=file.stream, kind="file.downloaded").told()["facts.reason"] == "For the police."

    def test_what_was_made_of_it_is_kept_back_too(self, file: SealedFile) -> None:
        made = sealed(b"made of it")
        made.attach(actor=SYSTEM, to=file)
        with pytest.raises(Refused, match="Eicar-Test"):
            made.read(actor=person("reviewer"), purpose="look")

    def test_custodians_see_it_at_once(self, file: SealedFile, enter: Any) -> None:
        assert "Malware was found" in enter("custodian").get("/desk/custody/").text
        assert "A scanner found malware" in enter("custodian").get(f"/desk/custody/files/{file.pk}/").text
        assert "Malware found" in enter("custodian").get("/desk/custody/files/").text
