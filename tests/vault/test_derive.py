"""Derivatives: made apart from everything else, sealed, named after their original, and gone with it."""

import io
import json
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, InternalError, transaction
from PIL import Image

from tests import factories
from tests.factories import SYSTEM, person
from tipstaff.ledger.models import Event
from tipstaff.vault import derive, linetree, storage
from tipstaff.vault.models import Derivative, Disposal, SealedFile
from tipstaff.workflow.refused import NotPermitted, Refused


def image(kind: str = "PNG", size: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    target = io.BytesIO()
    picture = Image.new("RGB", size, "red")
    picture.paste("white", (0, 0, size[0] // 2, size[1]))
    picture.save(target, kind, **options)
    return target.getvalue()


def bomb() -> bytes:
    """A PNG of 30,000 × 30,000 pixels in some kilobytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return len(content).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)

    header = (30_000).to_bytes(4) * 2 + bytes([8, 0, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def sealed(content: bytes, name: str = "file", content_type: str = "text/plain", sniffed: str = "") -> SealedFile:
    file = storage.receive(SimpleUploadedFile(name, content, content_type), actor=SYSTEM)
    if sniffed:  # whatever the sniffer of the day says, the reader has to cope
        SealedFile.objects.filter(pk=file.pk).update(sniffed_type=sniffed)
        file.refresh_from_db()
    return file


def prepared(content: bytes, *names: str) -> dict[tuple[str, int], Derivative]:
    file = sealed(content, *names)
    derive.prepare(file)
    return {(one.kind, one.position): one for one in file.derivatives.select_related("file", "parent")}


def content_of(derivative: Derivative) -> bytes:
    assert derivative.file is not None
    with storage.open_sealed(derivative.file) as clear:
        return clear.read()


def problem(content: bytes, *names: str) -> str:
    ((_key, one),) = prepared(content, *names).items()
    assert one.kind == "none"
    assert one.get_problem_display().endswith(".")
    return one.problem


@pytest.fixture(autouse=True)
def _people(people: dict) -> None:
    pass


class TestPictures:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
    def test_three_versions_each_drawn_anew(self, kind: str) -> None:
        made = prepared(image(kind, comment=b"hidden") if kind in {"JPEG", "GIF"} else image(kind), "a", "image/x")
        assert set(made) == {("veiled", 0), ("grey", 0), ("plain", 0)}
        for one in made.values():
            given = content_of(one)
            assert given.startswith(b"\xff\xd8\xff")
            assert b"hidden" not in given
            assert one.tool.startswith("Pillow ")
            assert one.params == {"width": 60, "height": 40, "frames": 1, "shown": [60, 40]}
        assert Image.open(io.BytesIO(content_of(made["grey", 0]))).mode == "L"
        assert Image.open(io.BytesIO(content_of(made["veiled", 0]))).mode == "L"

    def test_what_a_camera_wrote_beside_the_picture_is_dropped_and_its_turn_is_kept(self) -> None:
        exif = Image.Exif()
        exif[0x0112], exif[0x010E] = 6, "At home, 52.1N"  # to be turned by 90 degrees
        plain = content_of(prepared(image("JPEG", exif=exif), "a.jpg", "image/jpeg")["plain", 0])
        with Image.open(io.BytesIO(plain)) as opened:
            assert opened.size == (40, 60)
            assert not opened.getexif()
            assert not {"exif", "comment", "icc_profile"} & set(opened.info)

    def test_of_an_animation_the_first_frame_and_how_many_there_are(self) -> None:
        frames = [Image.new("RGB", (20, 20), colour) for colour in ("black", "white", "red")]
        target = io.BytesIO()
        frames[0].save(target, "GIF", save_all=True, append_images=frames[1:])
        made = prepared(target.getvalue(), "a.gif", "image/gif")["plain", 0]
        assert made.params["frames"] == 3
        assert Image.open(io.BytesIO(content_of(made))).convert("L").getpixel((5, 5)) < 10

    def test_it_is_of_a_bounded_size_and_the_veiled_one_shows_no_letter(self) -> None:
        striped = Image.effect_noise((3000, 300), 90).convert("RGB")
        target = io.BytesIO()
        striped.save(target, "PNG")
        made = prepared(target.getvalue(), "a.png", "image/png")
        assert Image.open(io.BytesIO(content_of(made["plain", 0]))).size == (1600, 160)
        veiled = Image.open(io.BytesIO(content_of(made["veiled", 0]))).convert("L")
        low, high = veiled.getextrema()
        assert high - low < 40

    def test_a_bomb_is_not_opened(self) -> None:
        assert problem(bomb(), "a.png", "image/png") == "too_large"

    def test_a_truncated_one_is_said_to_be_broken(self) -> None:
        noise = io.BytesIO()
        Image.effect_noise((200, 200), 90).save(noise, "PNG")
        assert problem(noise.getvalue()[:5000], "a.png", "image/png") == "damaged"

    def test_a_drawing_in_svg_is_text(self) -> None:
        svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
        assert set(prepared(svg, "a.svg", "image/svg+xml")) == {("lines", 0)}

    def test_of_two_formats_in_one_only_pixels_are_left(self) -> None:
        polyglot = image("GIF") + b"<html><script>alert(1)</script></html>"
        for one in prepared(polyglot, "a.gif", "image/gif").values():
            assert b"script" not in content_of(one)
            assert content_of(one).startswith(b"\xff\xd8\xff")


@pytest.fixture(scope="module")
def video(tmp_path_factory: Any) -> bytes:
    target = tmp_path_factory.mktemp("video") / "a.mp4"
    made = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=duration=4:size=160x120:rate=5", str(target)]
    subprocess.run(made, check=True)
    return target.read_bytes()


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed, so no video can be made or read.")
class TestVideo:
    def test_four_stills_evenly_spread(self, video: bytes) -> None:
        file = sealed(video, "a.mp4", "video/mp4", "video/mp4")
        derive.prepare(file)
        made = list(file.derivatives.all())
        assert {(one.kind, one.position) for one in made} == {(k, n) for k in derive.KINDS for n in range(4)}
        assert made[0].tool.startswith("ffmpeg ")
        assert (made[0].params["seconds"], made[0].params["at"]) == (4, [0, 2, 2, 4])
        assert len({content_of(one) for one in made if one.kind == "plain"}) == 4

    def test_a_list_of_other_files_is_not_followed(self, tmp_path: Path) -> None:
        other = tmp_path / "secret.txt"
        other.write_text("secret")
        listed = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{other}\n#EXT-X-ENDLIST\n".encode()
        file = sealed(listed, "a.m3u8", "video/mp4", "video/mp4")
        derive.prepare(file)
        assert file.derivatives.get().problem == "damaged"

    def test_where_it_is_absent_that_is_said(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        file = sealed(b"\0\0\0\x18ftypmp42", "a.mp4", "video/mp4", "video/mp4")
        derive.prepare(file)
        assert "ffmpeg" in file.derivatives.get().get_problem_display()


class TestText:
    def test_turns_lines_and_the_root_of_their_tree(self) -> None:
        made = prepared(b"10:02 user: One. Two.\n10:03 model: Three.\n")["lines", 0]
        lines = content_of(made).splitlines()
        assert [json.loads(line)["text"] for line in lines] == ["One. ", "Two.", "Three."]
        assert made.root == linetree.root(bytes(made.salt), lines).hex()
        assert (made.params["turns"], made.params["lines"], made.params["parser"]) == (2, 3, "spoken")
        event = Event.objects.get(kind="derivative.made")
        assert event.stream_id == made.parent.stream
        told = event.told()
        assert told["changes.root"] == [None, made.root]
        assert told["changes.parent_id"] == [None, str(made.parent_id)]
        assert "salt" not in str(told)

    @pytest.mark.parametrize("content", [b"%PDF-1.4", b"PK\x03\x04" + bytes(300), os.urandom(4000)])
    def test_what_has_no_viewer_is_said_to_have_none(self, content: bytes) -> None:
        assert problem(content) == "no_viewer"

    def test_sound_is_said_not_to_be_played(self) -> None:
        file = sealed(b"RIFF", sniffed="audio/wav")
        derive.prepare(file)
        assert file.derivatives.get().problem == "audio"


class TestChild:
    def test_it_knows_no_secret_and_nothing_of_the_application(self, tmp_path: Path) -> None:
        probe = (
            "import os, sys; sys.stderr.write(repr((sorted(os.environ), [m for m in sys.modules if 'django' in m])))"
        )
        code = derive.BEGIN.replace("main(sys.argv[2:])", probe)
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"}
        told = subprocess.run(
            [sys.executable, "-I", "-c", code, str(derive.OURS)], env=environment, capture_output=True
        )
        assert told.stderr.decode() == "(['HOME', 'LANG', 'PATH'], [])" or b"LC_CTYPE" in told.stderr

    def test_one_that_takes_too_long_is_ended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(derive.SECONDS, "text", 0.01)
        assert problem(b"user: hello") == "too_long"

    def test_one_that_dies_is_a_stated_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(derive, "BEGIN", "import os; os.abort()")
        assert problem(b"user: hello") == "broke_off"

    def test_one_that_wants_all_memory_dies_and_nobody_with_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        greedy = derive.BEGIN.replace("main(sys.argv[2:])", "from tipstaff.vault.reading.child import _limit; _limit()")
        monkeypatch.setattr(derive, "BEGIN", greedy + "\nheld = bytearray(4 * 1024 ** 3)")
        assert problem(b"user: hello") == "broke_off"


class TestCustody:
    @pytest.fixture
    def lines(self) -> Derivative:
        file = factories.evidence(factories.claimed()).file
        derive.prepare(file)
        return file.derivatives.get(kind="lines")

    def test_it_is_made_once(self, lines: Derivative) -> None:
        derive.prepare(lines.parent)
        assert lines.parent.derivatives.count() == 1

    def test_looking_stands_in_the_custody_log_of_the_original(self, lines: Derivative) -> None:
        lines.view(actor=person("reviewer"), purpose="review", part="turns 1-1")
        told = Event.objects.get(kind="derivative.viewed", stream=lines.parent.stream).told()
        assert (told["facts.purpose"], told["facts.part"]) == ("review", "turns 1-1")

    def test_who_may_not_see_the_matter_sees_nothing_made_of_it(self, lines: Derivative) -> None:
        for mailbox in ("member1", "auditor"):
            with pytest.raises(NotPermitted):
                lines.view(actor=person(mailbox), purpose="review", part="")
        assert lines.file is not None
        with pytest.raises(NotPermitted):
            lines.file.read(actor=person("member1"), purpose="review")

    def test_what_was_made_cannot_be_changed_or_dropped(self, lines: Derivative) -> None:
        for change in ({"root": "0" * 64}, {"salt": b"other"}, {"params": {}}):
            with pytest.raises((InternalError, IntegrityError)), transaction.atomic():
                Derivative.objects.filter(pk=lines.pk).update(**change)
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            Derivative.objects.filter(pk=lines.pk).delete()

    def test_holds_and_retention_of_the_original_keep_it(self, lines: Derivative) -> None:
        assert lines.file is not None
        assert lines.file.expires_at() is None  # the case is open
        placed = factories.hold(lines.parent)
        assert list(lines.file.holds) == [placed]

    def test_with_the_original_it_goes_and_so_does_the_salt(self) -> None:
        file = sealed(b"10:02 user: Secret.\n")
        derive.prepare(file)
        made = file.derivatives.get()
        disposal = Disposal(file=file, ground="erasure", reason="Asked for.")
        disposal.propose(actor=person("custodian"))
        for mailbox in ("counsel", "compliance"):
            disposal.approve(actor=person(mailbox))
        made.refresh_from_db()
        assert made.salt is None
        assert made.file is not None
        assert (made.file.state, bytes(made.file.wrapped_key)) == ("disposed", b"")
        with pytest.raises(storage.Damaged):
            storage.open_sealed(made.file)
        with pytest.raises(Refused):
            made.view(actor=person("reviewer"), purpose="review", part="")
        kinds = set(Event.objects.filter(stream=file.stream).values_list("kind", flat=True))
        assert {"file.disposed", "derivative.erased"} <= kinds
