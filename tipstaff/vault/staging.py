"""Uploads on their way in. What waits on the disk waits encrypted, in a file without a name, under a key that only this
process holds: a process that dies, a request that breaks off and a stolen disk leave nothing that can be read.
"""

import errno
import io
import tempfile
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.utils.translation import gettext as _

FRAME = 64 * 1024
TAG = 16
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def no_room(error: BaseException) -> bool:
    """Whether the disk, a quota or a limit of the system was full."""
    return isinstance(error, OSError) and error.errno in NO_ROOM


class Staged(io.RawIOBase):
    """Bytes that wait: appended once, then read as often as needed. In memory there is one frame of them."""

    _file: Any = None

    def __init__(self) -> None:
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self._file = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, buffering=0)  # noqa: SIM115
        self._pending = bytearray()
        self._frames = self._size = self._position = 0
        self._frame: tuple[int, bytes] = (-1, b"")

    def append(self, chunk: bytes) -> None:
        self._size += len(chunk)
        self._pending += chunk
        while len(self._pending) >= FRAME:
            self._put(bytes(self._pending[:FRAME]))
            del self._pending[:FRAME]

    def finish(self) -> None:
        """No more comes."""
        if self._pending:
            self._put(bytes(self._pending))
        self._pending.clear()

    def _put(self, frame: bytes) -> None:
        sealed = memoryview(self._cipher.encrypt(self._frames.to_bytes(12, "big"), frame, None))
        while sealed:  # a write may take a part only
            sealed = sealed[self._file.write(sealed) :]
        self._frames += 1

    def _get(self, number: int) -> bytes:
        if self._frame[0] != number:
            self._file.seek(number * (FRAME + TAG))
            sealed = self._file.read(FRAME + TAG)
            self._frame = number, self._cipher.decrypt(number.to_bytes(12, "big"), sealed, None)
        return self._frame[1]

    def readinto(self, buffer: Any) -> int:
        if self._position >= self._size:
            return 0
        number, within = divmod(self._position, FRAME)
        part = self._get(number)[within : within + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        if self._file and not self.closed:
            self._file.close()
            self._pending.clear()
            self._frame = -1, b""
        super().close()


class StagedUpload(UploadedFile):
    """One that came in whole; or, where `lost` is a sentence, one of which nothing was kept, and why."""

    def __init__(self, staged: Staged | None, lost: str, **told: Any) -> None:
        super().__init__(io.BufferedReader(staged, FRAME) if staged else io.BytesIO(), **told)
        self.lost = lost


class StagingHandler(FileUploadHandler):
    """Django's door for the bytes of a request. A file that is too large, or for which there is no room, is let pass
    without keeping any of it, so that the form can say so beside the field.
    """

    chunk_size = FRAME
    staged: Staged | None = None
    lost = ""

    def new_file(self, *arguments: Any, **named: Any) -> None:
        super().new_file(*arguments, **named)
        self.staged, self.lost = None, ""
        try:
            self.staged = Staged()
        except OSError as error:
            self._lose(error)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.staged is None:
            return
        if start + len(raw_data) > settings.FILE_BYTES:
            self._lose(None)
            return
        try:
            self.staged.append(raw_data)
        except OSError as error:
            self._lose(error)

    def file_complete(self, file_size: int) -> StagedUpload:
        try:
            if self.staged:
                self.staged.finish()
        except OSError as error:
            self._lose(error)
        upload = StagedUpload(
            self.staged,
            self.lost,
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
        self.staged = None
        return upload

    def upload_interrupted(self) -> None:
        if self.staged:
            self.staged.close()

    def _lose(self, error: OSError | None) -> None:
        if self.staged:
            self.staged.close()
        self.staged = None
        if error is not None:
            self.lost = room_sentence() if no_room(error) else _("It could not be taken in. Try again.")


def room_sentence() -> str:
    return _("There is no room left for files just now. Nothing was kept; try again later.")
