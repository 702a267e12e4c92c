"""`duration_seconds`: a length of time as people write it."""

from __future__ import annotations

import re

from hagane.errors import Fault, SpecError

WRITTEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?)\s*h)?\s*(?:(\d+(?:\.\d+)?)\s*m)?\s*(?:(\d+(?:\.\d+)?)\s*s)?\s*")
SECONDS = (3600.0, 60.0, 1.0)


def duration_seconds(text: str, *, where: str) -> float:
    """Seconds of `10m`, `1h30m`, `45s`. Raises SpecError, at the place `where`, for anything else and for nothing.

    >>> duration_seconds("1h30m", where="--budget"), duration_seconds("0.5h", where="--budget")
    (5400.0, 1800.0)
    >>> duration_seconds("10", where="--budget")
    Traceback (most recent call last):
    hagane.errors.SpecError: '10' is no length of time
      where: --budget
      expected: hours, minutes and seconds: 10m, 1h30m, 45s
      did you mean: 10m
    """
    found = WRITTEN.fullmatch(text)
    parts = found.groups() if found else ()
    seconds = sum(float(part) * unit for part, unit in zip(parts, SECONDS, strict=False) if part)
    if seconds > 0:
        return seconds
    is_number = text.strip().replace(".", "", 1).isdigit() and float(text) > 0
    expected = "hours, minutes and seconds: 10m, 1h30m, 45s"
    raise SpecError(Fault(what=f"{text!r} is no length of time", where=where, expected=expected,
                          nearest=f"{text.strip()}m" if is_number else ""))  # fmt: skip
