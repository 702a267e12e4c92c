"""`LogCounts`: what one process's request log has done since it began."""

from __future__ import annotations

from typing import Literal

import msgspec

Reason = Literal["buffer", "disk", "limit", "error"]


class LogCounts(msgspec.Struct):
    """For metrics and for tests."""

    requests: int = 0
    """Whose rows were written."""
    rows: int = 0
    """Written."""
    feedback_rows: int = 0
    """Written."""
    files: int = 0
    bytes: int = 0
    """Of these files."""
    dropped: dict[Reason, int] = msgspec.field(default_factory=lambda: {"buffer": 0, "disk": 0, "limit": 0, "error": 0})
    """Requests that were to be logged and were not: the buffer was full, the disk was (or refused), the log has
    reached its limit of bytes, a bug of ours."""
