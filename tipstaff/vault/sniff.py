"""What a file is by its first bytes, whatever it is called: libmagic says so, and its word decides what is taken in.

The types that are taken are those of FILE_TYPES. What a file was declared as is kept beside it and trusted for nothing.
"""

import os
from fnmatch import fnmatch
from importlib.resources import files

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

_environment = dict(os.environ)
import pylibmagic  # noqa: E402  brings a libmagic with its rules, and must be imported before `magic`

# isort: split
import magic  # noqa: E402

for _name in set(os.environ) - set(_environment):  # its search paths are no business of the programs that we start
    del os.environ[_name]
os.environ.update(_environment)

HEAD = 64 * 1024  # bytes that are looked at
SNIFFER = f"libmagic {magic.version() / 100:.2f}"
UNKNOWN = "application/octet-stream"
EMPTY = {"application/x-empty", "inode/x-empty"}
NO_CLAIM = {"", UNKNOWN, "binary/octet-stream"}
_libmagic = magic.Magic(mime=True, magic_file=str(files(pylibmagic) / "magic.mgc"))


def type_of(head: bytes) -> str:
    """The media type of a file that begins with `head`; empty for an empty file. A file that is two things at once has
    the type that libmagic sees first: none is ever served as anything but an attachment.
    """
    try:
        found = _libmagic.from_buffer(head[:HEAD]) if head else ""
    except magic.MagicException:
        return UNKNOWN
    if found == UNKNOWN and _is_text(head[:HEAD]):
        return "text/plain"
    return "" if found in EMPTY else str(found)[:200]


def _is_text(head: bytes) -> bool:
    """A text that is too short or too odd for libmagic."""
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # more than a letter that was cut in two
            return False
        text = head[: error.start].decode()
    return all(letter.isprintable() or letter in "\t\n\f\r" for letter in text)


def differs(declared: str, seen: str) -> bool:
    """Whether a file was declared as something that it is not. One text may be called another, and a container by what
    is in it; no claim is no contradiction.
    """
    declared = declared.partition(";")[0].strip().lower()
    if declared in NO_CLAIM or not seen or declared == seen:
        return False
    return _family(declared) != _family(seen)


TEXT = {"application/json", "application/xml", "application/csv", "application/javascript", "application/x-ndjson",
        "application/jsonl", "application/x-yaml", "application/yaml", "application/sql", "application/x-sh",
        "application/x-wine-extension-ini", "message/rfc822", "image/svg+xml"}  # fmt: skip
ALIASES = {
    "application/x-zip-compressed": "application/zip",
    "application/x-gzip": "application/gzip",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/vnd.microsoft.icon": "image/x-icon",
    "audio/mp3": "audio/mpeg",
    "audio/wav": "audio/x-wav",
    "audio/wave": "audio/x-wav",
    "audio/x-m4a": "video/mp4",
    "audio/mp4": "video/mp4",
    "audio/ogg": "application/ogg",
    "video/ogg": "application/ogg",
    "audio/webm": "video/webm",
}
IN_ZIP = (
    "application/vnd.openxmlformats-",
    "application/vnd.oasis.opendocument.",
    "application/epub",
    "application/zip",
)


def _family(kind: str) -> str:
    """What may stand for each other: texts, packed documents, names of one format."""
    kind = ALIASES.get(kind, kind)
    if kind.startswith("text/") or kind in TEXT:
        return "text"
    if kind.startswith(IN_ZIP):
        return "zip"
    return kind


def head_of(upload: UploadedFile) -> bytes:
    """Its first bytes. It can be read from the beginning afterwards."""
    upload.seek(0)
    head: bytes = upload.read(HEAD)
    upload.seek(0)
    return head


def refusal(upload: UploadedFile) -> str | None:
    """Why a file of this type is not taken, in a sentence; None if it is."""
    seen = type_of(head_of(upload))
    if not seen or any(fnmatch(seen, taken) for taken in settings.FILE_TYPES):
        return None
    return _(
        "%(name)s is a file of a kind that we do not take (%(type)s). If we need it, put it into a ZIP archive and "
        "send that."
    ) % {"name": shown(upload.name or ""), "type": seen}


def shown(name: str) -> str:
    """A name as it can stand in a sentence: without what cannot be seen, and not endless."""
    plain = "".join(letter for letter in name if letter.isprintable())
    return plain if len(plain) <= 80 else f"{plain[:40]}…{plain[-30:]}"
