"""`Uploads`: files that clients send for load jobs: in one request with the job, or piece by piece."""

from __future__ import annotations

import re
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hagane.session.rest.api_error import ApiError

_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")
MAX_UNFINISHED = 64
"""Uploads that were begun and are not at their end; the oldest makes way for a new one."""


@dataclass(slots=True)
class Upload:
    """One file on its way."""

    metadata: bytes
    """The job, in JSON."""
    path: Path
    num_bytes: int = 0


class Uploads:
    """Keeps pieces in files of `folder` until the last one has come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unfinished: dict[str, Upload] = {}
        self._lock = threading.Lock()

    def begin(self, metadata: bytes) -> str:
        """Begin an upload in pieces; the name under which they are to come."""
        name = uuid.uuid4().hex
        upload = Upload(metadata, self._folder / f"upload-{name}")
        upload.path.touch()
        with self._lock:
            self._unfinished[name] = upload
            if len(self._unfinished) > MAX_UNFINISHED:
                self._unfinished.pop(next(iter(self._unfinished))).path.unlink(missing_ok=True)
        return name

    def take(self, name: str, content_range: str, piece: bytes) -> Upload | None:
        """Take a piece; the whole upload where it was the last. Raises ApiError for what does not fit.

        A request without a piece (`bytes */…`) asks how far the upload is. Raises ApiError.
        """
        upload = self._unfinished.get(name)
        if upload is None:
            raise ApiError("notFound", "Not found: there is no such upload; begin it again")
        asked = _RANGE.fullmatch(content_range.strip()) if content_range else None
        if content_range and asked is None:
            raise ApiError("invalid", f"Content-Range cannot be read: {content_range}")
        start = int(asked[1]) if asked is not None and asked[1] else upload.num_bytes if piece else None
        if start is not None and piece:
            if start != upload.num_bytes:
                raise ApiError("invalid", f"the piece begins at byte {start}, and {upload.num_bytes} have come")
            with upload.path.open("ab") as file:
                file.write(piece)
            upload.num_bytes += len(piece)
        total = asked[3] if asked is not None else str(upload.num_bytes)
        if total == "*" or int(total) > upload.num_bytes:
            return None
        with self._lock:
            self._unfinished.pop(name, None)
        return upload

    def num_bytes(self, name: str) -> int:
        """How much of it has come."""
        upload = self._unfinished.get(name)
        return 0 if upload is None else upload.num_bytes

    def whole(self, content_type: str, body: bytes) -> Upload:
        """What one request of `multipart/related` holds: the job and the file. Raises ApiError."""
        found = re.search(r'boundary="?([^";,\s]+)"?', content_type)
        if found is None:
            raise ApiError("invalid", "the upload has no boundary between its parts")
        boundary = b"--" + found[1].encode()
        pieces = (b"\r\n" + body).split(b"\r\n" + boundary, 2)
        if len(pieces) != 3:
            raise ApiError("invalid", "the upload is not of two parts, the job and the file")
        metadata = pieces[1].partition(b"\r\n\r\n")[2]
        content, end, _ = pieces[2].partition(b"\r\n\r\n")[2].rpartition(b"\r\n" + boundary + b"--")
        if not end:
            raise ApiError("invalid", "the upload is cut off")
        upload = Upload(metadata, self._folder / f"upload-{uuid.uuid4().hex}", len(content))
        upload.path.write_bytes(content)
        return upload


def job_of(upload: Upload) -> dict[str, object]:
    """The job that came with the file. Raises ApiError."""
    try:
        found: dict[str, object] = msgspec.json.decode(upload.metadata, type=dict)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError("parseError", f"the job of the upload cannot be read: {error}") from None
    return found
