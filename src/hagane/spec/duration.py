"""`parse_duration`: a length of time as people write it."""

from __future__ import annotations

import re

from hagane.errors import Fault, SpecError

_PARTS = re.compile(r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")
_SECONDS = (86_400.0, 3_600.0, 60.0, 1.0)


def parse_duration(text: str, *, where: str = "") -> float:
    """Seconds. Raises SpecError with what can be written.

    >>> parse_duration("1h30m"), parse_duration("45s"), parse_duration("0.5h")
    (5400.0, 45.0, 1800.0)
    >>> parse_duration("10", where="tuning.budget")
    Traceback (most recent call last):
    hagane.errors.SpecError: '10' is no length of time
      where: tuning.budget
      expected: hours, minutes, seconds: 10m, 1h30m, 45s
      received: '10'
    """
    written = _PARTS.fullmatch(text.strip().lower().replace(" ", ""))
    parts = zip(written.groups(), _SECONDS, strict=True) if written else ()
    seconds = sum(float(part) * unit for part, unit in parts if part)
    if not seconds > 0:
        expected = "hours, minutes, seconds: 10m, 1h30m, 45s"
        raise SpecError(Fault(what=f"{text!r} is no length of time", where=where, expected=expected,
                              received=repr(text)))  # fmt: skip
    return float(seconds)
