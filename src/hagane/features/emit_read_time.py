"""DATE and TIMESTAMP read from text as CAST reads it; PARSE_DATE and PARSE_TIMESTAMP are in `emit_parse`.

A pattern decides first. Then all runs of digits are cut out at once: year, month, day, and, if they are there, hour,
minute, second, fraction, and the offset's hours and minutes. A text that is none is replaced by one that is.
"""

from __future__ import annotations

import numpy as np

from hagane.features import emit_calendar, emit_text
from hagane.features.emit import Emitter
from hagane.features.emit_date import DAY_MICROSECONDS
from hagane.features.emit_float import number
from hagane.features.emit_integer import whole
from hagane.features.emit_logic import FLOAT64, INT64, cast, either, negate, where
from hagane.sql import cast_patterns

_MOST_RUNS = 9
_SECOND, _MINUTE, _HOUR = 1_000_000, 60_000_000, 3_600_000_000


class _Runs:
    """The runs of digits of texts [n, g]; beyond the last there are zeros."""

    def __init__(self, e: Emitter, text: str) -> None:
        self._e, self._width = e, e.extent(text).width
        tokens = emit_text.found(e, text, "[0-9]+", "0")
        zeros = e.node("Expand", e.constant([[["0"]]], object), self._shape(text))
        self._tokens = e.node("Concat", tokens, zeros, axis=2, width=self._width)

    def text(self, place: str) -> str:
        """The run at a place [n, g] (or one place for all, [1, 1])."""
        e = self._e
        full = e.node("Add", place, e.node("Mul", self._zero(), whole(e, 0)))
        index = e.node("Unsqueeze", full, e.constant([2], np.int64), width=self._width)
        found = e.node("GatherElements", self._tokens, index, axis=2, width=self._width)
        return e.node("Squeeze", found, e.constant([2], np.int64), width=self._width)

    def number(self, place: str) -> str:
        """The same as INT64 (no run is long)."""
        return cast(self._e, self.text(place), INT64)

    def _shape(self, text: str) -> str:
        rows_and_lanes = self._e.node("Shape", text)
        self._plain_shape = rows_and_lanes
        return self._e.node("Concat", rows_and_lanes, self._e.constant([_MOST_RUNS], np.int64), axis=0)

    def _zero(self) -> str:
        return self._e.node("Expand", whole(self._e, 0), self._plain_shape, width=self._width)


def to_date(e: Emitter, text: str) -> tuple[str, str]:
    """The day since 1970 that a text says, and whether it says none."""
    is_read = emit_text.matches(e, text, cast_patterns.DATE)
    days, no_day = _day(e, _Runs(e, where(e, is_read, text, e.constant([["1970-01-01"]], object))))
    return days, either(e, negate(e, is_read), no_day)


def to_timestamp(e: Emitter, text: str) -> tuple[str, str]:
    """The µs since 1970 UTC that a text says, and whether it says none (outside years 1 to 9999 not counted)."""
    is_read = emit_text.matches(e, text, cast_patterns.TIMESTAMP)
    text = where(e, is_read, text, e.constant([["1970-01-01"]], object))
    runs = _Runs(e, text)
    days, no_day = _day(e, runs)
    has_clock = emit_text.matches(e, text, cast_patterns.WITH_CLOCK)
    has_fraction = emit_text.matches(e, text, cast_patterns.WITH_FRACTION)
    total = e.node("Mul", days, whole(e, DAY_MICROSECONDS))
    for place, unit in ((3, _HOUR), (4, _MINUTE), (5, _SECOND)):
        part = e.node("Mul", where(e, has_clock, runs.number(whole(e, place)), whole(e, 0)), whole(e, unit))
        total = e.node("Add", total, part)
    total = e.node(
        "Add", total, _fraction(e, where(e, has_fraction, runs.text(whole(e, 6)), e.constant([["0"]], object)))
    )
    behind = e.node("Add", where(e, has_clock, whole(e, 6), whole(e, 3)), cast(e, has_fraction, INT64))
    return e.node("Sub", total, _offset(e, text, runs, behind)), either(e, negate(e, is_read), no_day)


def _day(e: Emitter, runs: _Runs) -> tuple[str, str]:
    return emit_calendar.date_from_parts(e, *(runs.number(whole(e, place)) for place in range(3)))


def _fraction(e: Emitter, digits: str) -> str:
    """µs of up to six decimals: as FLOAT64 they are within half a µs."""
    decimals = cast(e, e.node("StringConcat", e.constant([["0."]], object), digits), FLOAT64)
    return cast(e, e.node("Round", e.node("Mul", decimals, number(e, 1e6))), INT64)


def _offset(e: Emitter, text: str, runs: _Runs, place: str) -> str:
    """µs by which the text's clock is ahead of UTC."""
    has_offset = emit_text.matches(e, text, cast_patterns.WITH_OFFSET)
    first = where(e, has_offset, runs.number(place), whole(e, 0))
    second = where(e, has_offset, runs.number(e.node("Add", place, whole(e, 1))), whole(e, 0))
    hours, minutes = first, second
    for count, pattern in cast_patterns.JOINED_OFFSET.items():
        is_joined, power = emit_text.matches(e, text, pattern), whole(e, 10 ** (count - 2))
        hour = e.node("Div", first, power)
        hours = where(e, is_joined, hour, hours)
        minutes = where(e, is_joined, e.node("Sub", first, e.node("Mul", hour, power)), minutes)
    size = e.node("Add", e.node("Mul", hours, whole(e, _HOUR)), e.node("Mul", minutes, whole(e, _MINUTE)))
    return where(e, emit_text.matches(e, text, cast_patterns.WEST), e.node("Neg", size), size)
