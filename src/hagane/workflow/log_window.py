"""`LogWindow`: from when to when rows of a request log are wanted."""

from __future__ import annotations

import re
import time

import msgspec

from hagane.bundle.values import Refusal, to_timestamp
from hagane.errors import DataError, Fault

_HOUR = 3_600_000_000
_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|h|d|w)")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}


class LogWindow(msgspec.Struct, frozen=True):
    """Moments in µs since 1970 UTC, `since` within, `until` not; None has no end.

    >>> window = LogWindow(7_200_000_000, 10_800_000_001)
    >>> window.first_hour, window.end_hour, window.where("time")
    (2, 4, ' WHERE time >= make_timestamptz(7200000000) AND time < make_timestamptz(10800000001)')
    """

    since: int | None = None
    until: int | None = None

    @classmethod
    def of(cls, since: str | None, until: str | None) -> LogWindow:
        """Of texts: moments (`2026-11-21T10:00`, UTC unless it says more), or how long ago (`90min`, `6h`, `2d`).

        Raises DataError for every text that is neither.
        """
        found: dict[str, int | None] = {}
        faults = []
        for name, text in (("since", since), ("until", until)):
            moment = None if text is None else _moment(text)
            if isinstance(moment, Fault):
                faults.append(msgspec.structs.replace(moment, where=f"--{name}"))
            else:
                found[name] = moment
        if faults:
            raise DataError(*faults)
        return cls(**found)

    @property
    def first_hour(self) -> int | None:
        """The first hour that has a part in it."""
        return None if self.since is None else self.since // _HOUR

    @property
    def end_hour(self) -> int | None:
        """The first hour after it."""
        return None if self.until is None else -(-self.until // _HOUR)

    def where(self, column: str) -> str:
        """DuckDB's condition; empty where there is none."""
        parts = [] if self.since is None else [f"{column} >= make_timestamptz({self.since})"]
        parts += [] if self.until is None else [f"{column} < make_timestamptz({self.until})"]
        return f" WHERE {' AND '.join(parts)}" if parts else ""


def _moment(text: str) -> int | Fault:
    ago = _AGO.fullmatch(text.strip())
    if ago:
        return int((time.time() - float(ago[1]) * _SECONDS[ago[2]]) * 1e6)
    moment = to_timestamp(text.strip())
    if isinstance(moment, int):
        return moment
    assert isinstance(moment, Refusal)
    expected = "a moment (2026-11-21T10:00) or how long ago (90min, 6h, 2d)"
    return Fault(what=f"{text[:60]!r} is no time", expected=expected)
