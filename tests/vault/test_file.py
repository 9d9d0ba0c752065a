"""A sealed file's story: received, sealed, attached once, read by those who may, each read written down first."""

import hashlib
import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.test import Client

from tests import factories
from tests.factories import SYSTEM, person, sealed
from tipstaff.ledger.models import Event
from tipstaff.vault import storage
from tipstaff.vault.models import REASON_LIMIT, SealedFile
from tipstaff.workflow.refused import NotPermitted, Refused

TEXT = b"10:02 user: hello\n"
WHY = {"reason": "Reading the log"}


class TestSeal:
    def test_the_key_is_committed_before_the_first_byte_is_read(self, clone: str) -> None:
        """Were it not, a crash could leave bytes that nobody can open."""
        seen: list[str] = []

        class Watching(io.BytesIO):
            def read(self, *amount: int) -> bytes:
                seen.append(SealedFile.objects.get().state)
                return super().read(*amount)

        upload = InMemoryUploadedFile(Watching(TEXT), None, "a.txt", "text/plain", len(TEXT), None)
        file = storage.receive(upload, actor=SYSTEM)
        assert set(seen) == {"receiving"}
        assert list(Event.objects.filter(stream=file.stream).order_by("seq").values_list("kind", flat=True)) == [
            "file.received",
            "file.sealed",
        ]
        told = Event.objects.get(stream=file.stream, kind="file.sealed").told()
        assert told["facts.sha256"] == hashlib.sha256(TEXT).hexdigest()
        assert "wrapped_key" not in str(told)

    def test_it_is_sealed_once(self, db: None) -> None:
        file = sealed()
        with pytest.raises(Refused, match="sealed by now"):
            file.seal(actor=SYSTEM, size=1, sha256="0" * 64, sha512="0" * 128, sniffed_type="")
        with pytest.raises(Refused, match="sealed by now"):
            file.fail(actor=SYSTEM, reason="no")


class TestAttach:
    def test_it_belongs_to_one_matter_for_good(self, people: dict) -> None:
        file, one, two = sealed(), factories.subject("one"), factories.subject("two")
        file.attach(actor=SYSTEM, to=one)
        assert file.matter == "subject:one"
        for matter in (one, two):
            with pytest.raises(Refused, match="belongs to another matter already"):
                SealedFile.objects.get(pk=file.pk).attach(actor=SYSTEM, to=matter)
        assert list(SealedFile.objects.of(one)) == [file]
        assert not SealedFile.objects.of(two).exists()
        assert Event.objects.get(kind="file.attached").told()["facts.to"] == "subject:one"

    def test_one_that_failed_cannot_be_attached_or_seen(self, people: dict, vault: Path) -> None:
        vault.write_text("in the way")
        with pytest.raises(Refused):
            sealed()
        file = SealedFile.objects.get()
        with pytest.raises(Refused, match="failed by now"):
            file.attach(actor=SYSTEM, to=factories.subject())
        assert not SealedFile.objects.visible_to(person("lead")).filter(pk=file.pk).exists()


class TestDownload:
    @pytest.fixture
    def file(self, people: dict) -> SealedFile:
        case = factories.claimed()
        return factories.evidence(case).file

    def address(self, file: SealedFile) -> str:
        return file.get_absolute_url()

    def test_the_bytes_come_as_an_attachment_and_nothing_else(self, file: SealedFile, enter) -> None:
        answer = enter("reviewer").post(self.address(file), {"reason": "Reading the log"})
        assert b"".join(answer.streaming_content) == TEXT
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"] == 'attachment; filename="transcript.txt"'
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"] == "no-store"

    def test_the_read_is_an_event_before_the_first_byte(self, clone: str) -> None:
        file = factories.evidence(factories.claimed()).file
        browser = Client()
        browser.force_login(person("reviewer"), backend="django.contrib.auth.backends.ModelBackend")
        answer = browser.post(self.address(file), {"reason": "Reading the log"})
        told = Event.objects.get(stream=file.stream, kind="file.downloaded").told()  # and no byte was taken yet
        assert told["facts.reason"] == "Reading the log"
        assert told["facts.sha256"] == file.sha256
        assert told["actor"]["ref"] == person("reviewer").reference
        answer.close()

    def test_each_read_is_one(self, file: SealedFile, enter) -> None:
        browser = enter("reviewer")
        for _ in range(3):
            assert b"".join(browser.post(self.address(file), WHY).streaming_content) == TEXT
        assert Event.objects.filter(stream=file.stream, kind="file.downloaded").count() == 3

    @pytest.mark.parametrize("mailbox", ["admin", "policy", "chair", "auditor", "member1"])
    def test_others_get_nothing_and_that_is_recorded(self, file: SealedFile, enter, mailbox: str) -> None:
        assert enter(mailbox).post(self.address(file), WHY).status_code == 403
        assert not Event.objects.filter(stream=file.stream, kind="file.downloaded").exists()
        assert Event.objects.filter(kind="access.refused").count() == 1
        with pytest.raises(NotPermitted):
            file.read(actor=person(mailbox), purpose="")

    def test_a_member_reads_what_a_waiver_rests_on_and_nothing_of_a_case(self, people: dict, enter) -> None:
        asked = sealed()
        asked.attach(actor=SYSTEM, to=factories.waiver("submitted"))
        assert enter("member1").post(self.address(asked), WHY).status_code == 200
        evidence = factories.evidence(factories.claimed()).file
        assert enter("member1").post(self.address(evidence), WHY).status_code == 403

    def test_a_stranger_is_asked_to_sign_in(self, file: SealedFile, client: Client) -> None:
        answer = client.post(self.address(file), WHY)
        assert (answer.status_code, answer.url.partition("?")[0]) == (302, "/accounts/login/")

    def test_a_link_does_not_download_but_asks_why(self, file: SealedFile, enter) -> None:
        page = enter("reviewer").get(self.address(file))
        assert "What do you need the original for?" in page.text
        assert TEXT.decode() not in page.text
        assert not Event.objects.filter(stream=file.stream, kind="file.downloaded").exists()

    @pytest.mark.parametrize("reason", ["", "   ", "x" * (REASON_LIMIT + 1)])
    def test_without_a_reason_nothing_leaves(self, file: SealedFile, enter, reason: str) -> None:
        page = enter("reviewer").post(self.address(file), {"reason": reason})
        assert page.status_code == 422
        assert not page.streaming
        assert not Event.objects.filter(stream=file.stream, kind="file.downloaded").exists()

    def test_who_may_not_see_the_matter_is_not_asked_and_a_try_stands_in_the_custody_log(
        self, file: SealedFile, enter
    ) -> None:
        member = enter("member1")
        assert member.get(self.address(file)).status_code == 404
        assert member.post(self.address(file), WHY).status_code == 403
        told = Event.objects.get(stream=file.stream, kind="file.access_denied").told()
        assert told["actor"]["ref"] == person("member1").reference
        assert (told["facts.reason"], told["facts.refusal"]) == ("Reading the log", "not permitted")
        assert "was refused the file" in enter("custodian").get(f"/desk/custody/files/{file.pk}/").text

    def test_damaged_bytes_are_not_served_and_said_so(
        self, file: SealedFile, enter, vault: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        (path,) = [path for path in vault.rglob("*.age") if str(file.pk) in path.name]
        path.chmod(0o640)
        path.write_bytes(path.read_bytes()[:-1])
        answer = enter("reviewer").post(self.address(file), WHY)
        assert answer.status_code == 409
        assert "what is stored is not what was sealed" in answer.text
        assert f"file {file.pk} is damaged" in caplog.text
        assert Event.objects.filter(stream=file.stream, kind="file.downloaded").count() == 1

    def test_a_name_from_another_world_is_sent_safely(self, people: dict, enter) -> None:
        file = sealed(TEXT, "شكوى.txt")
        disposition = enter("reviewer").post(self.address(file), WHY)["Content-Disposition"]
        assert disposition.startswith("attachment; filename*=utf-8''%D8%B4")
