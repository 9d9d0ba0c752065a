"""The files of the story, drawn in plain Python: transcripts, logs, tables, a picture and a document."""

import csv
import io
import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.core.files.uploadedfile import SimpleUploadedFile

from tipstaff.demo.story.prose import Matter, Words, spoken

COLOURS = ((31, 60, 92), (178, 120, 33), (230, 233, 237))


@dataclass(frozen=True)
class Exhibit:
    """A file and what it is put forward as: kind, label and source of `cases.Evidence`."""

    kind: str
    label: str
    source: str
    name: str
    content_type: str
    content: bytes

    @property
    def upload(self) -> SimpleUploadedFile:
        return SimpleUploadedFile(self.name, self.content, self.content_type)


def exhibits(matter: Matter, words: Words, rng: Random, at: datetime, most: int = 1) -> list[Exhibit]:
    """The conversation, and up to `most` - 1 further files."""
    lines = [
        (at + timedelta(seconds=17 * place + rng.randint(0, 9)), who, what)
        for place, (who, what) in enumerate(spoken(matter, words, rng))
    ]
    first = _log(lines) if rng.random() < 0.3 and not matter.sealed else _transcript(lines)
    further: list[Callable[[], Exhibit]] = [
        lambda: _table(rng, at),
        lambda: picture(rng),
        lambda: _document(words.into(matter.finding), at),
    ]
    return [first, *(draw() for draw in rng.sample(further, most - 1))]


def _transcript(lines: list[tuple[datetime, str, str]]) -> Exhibit:
    text = "".join(f"{at:%H:%M:%S} {who}: {what}\n" for at, who, what in lines)
    return Exhibit(
        "transcript", "The conversation that was reported", "Export of the provider's request log",
        "transcript.txt", "text/plain", text.encode(),
    )  # fmt: skip


def _log(lines: list[tuple[datetime, str, str]]) -> Exhibit:
    rows = [{"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "role": who, "text": what} for at, who, what in lines]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return Exhibit(
        "log", "Request log of the conversation", "Gateway, retention store",
        "requests.jsonl", "application/jsonl", text.encode(),
    )  # fmt: skip


def _table(rng: Random, at: datetime) -> Exhibit:
    sheet = io.StringIO()
    rows = csv.writer(sheet)
    rows.writerow(["hour", "requests", "refused", "distinct_prompts"])
    for hour in range(24):
        requests = rng.randint(40, 2600)
        rows.writerow([f"{at:%Y-%m-%d} {hour:02}:00", requests, rng.randint(0, requests // 9), rng.randint(1, 40)])
    return Exhibit(
        "request_record", "Requests by hour on the day", "Usage records", "requests_by_hour.csv", "text/csv",
        sheet.getvalue().encode(),
    )  # fmt: skip


def picture(rng: Random, bars: int = 20, bar: int = 14, height: int = 120) -> Exhibit:
    """A bar chart; high bars have another colour."""
    levels = [rng.randint(10, height - 10) for _bar in range(bars)]
    rows = b""
    for y in range(height, 0, -1):
        rows += b"\0"
        for level in levels:
            colour = COLOURS[2] if y > level else COLOURS[1 if level > height * 0.8 else 0]
            rows += bytes(COLOURS[2]) * 3 + bytes(colour) * (bar - 3)
    header = struct.pack(">IIBBBBB", bars * bar, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)
    label = "Volume over the day, as the dashboard drew it"
    return Exhibit("image", label, "Dashboard", "volume.png", "image/png", png)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _document(text: str, at: datetime) -> Exhibit:
    """A PDF of one page, as a partner's desk sends them."""
    words, lines = text.split(), [f"Note of {at:%Y-%m-%d}", ""]
    while words:
        line = ""
        while words and len(line) + len(words[0]) < 78:
            line += f"{words.pop(0)} "
        lines.append(line or words.pop(0))
    shown = "\n".join(f"({_plain(line)}) Tj T*" for line in lines)
    page = f"BT /F1 11 Tf 60 780 Td 15 TL\n{shown}\nET".encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    pdf, offsets = b"%PDF-1.4\n", []
    for number, written in enumerate(objects, 1):
        offsets.append(len(pdf))
        pdf += b"%d 0 obj\n%s\nendobj\n" % (number, written)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    pdf += b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        table, len(pdf),
    )  # fmt: skip
    return Exhibit(
        "document", "Note of the partner's trust desk", "Received by mail", "note.pdf", "application/pdf", pdf
    )


def _plain(line: str) -> str:
    bare = line.encode("latin-1", "replace").decode("latin-1")
    return bare.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
