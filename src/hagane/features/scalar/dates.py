"""`EXTRACT` from TIMESTAMP (UTC) and DATE, `UNIX_SECONDS`, `UNIX_MILLIS`.

Source: GoogleSQL's reference, "Timestamp functions" and "Date functions".
"""

from __future__ import annotations

from collections.abc import Callable

from hagane.features import emit_date
from hagane.features.emit_integer import divide_floor
from hagane.features.scalar.operation import Operation, strict
from hagane.features.value import Value
from hagane.types import SqlType

_YEARS = 300_000
"""No int64 of microseconds lies farther from year 0."""


def extract(op: Operation) -> Value:
    """EXTRACT(part FROM t); modifiers: (part,)."""
    (t,), part = op.arguments, str(op.modifiers[0])
    e, is_timestamp = op.emitter, t.type is SqlType.TIMESTAMP
    if part in emit_date.TIME_PARTS:
        assert is_timestamp, "a DATE has no time"
        return strict(op, emit_date.time_part(e, t.data, part), bound=emit_date.TIME_PARTS[part][1])
    days = divide_floor(e, t.data, emit_date.DAY_MICROSECONDS) if is_timestamp else t.data
    bound = emit_date.BOUNDS.get(part, _YEARS if is_timestamp else 2**63)
    return strict(op, emit_date.date_part(e, days, part), bound=bound)


def unix(microseconds: int) -> Callable[[Operation], Value]:
    """Whole units since 1970, rounded down: UNIX_SECONDS, UNIX_MILLIS."""

    def render(op: Operation) -> Value:
        return strict(op, divide_floor(op.emitter, op.arguments[0].data, microseconds), bound=2**63 // microseconds + 1)

    return render
