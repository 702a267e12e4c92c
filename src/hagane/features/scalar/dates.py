"""Functions of TIMESTAMP and DATE. Source: GoogleSQL's reference, "Timestamp functions" and "Date functions"."""

from __future__ import annotations

from collections.abc import Callable

from hagane.features import emit_calendar, emit_date, emit_zone
from hagane.features.emit import Emitter
from hagane.features.emit_integer import divide_floor, minus, modulo, over, plus, times, whole
from hagane.features.emit_logic import either, where
from hagane.features.scalar.operation import Operation, strict
from hagane.features.value import Value
from hagane.sql.functions import FIRST_DAY, LAST_DAY, MICROSECONDS
from hagane.types import SqlType

_YEARS = 300_000
"""No int64 of microseconds lies farther from year 0."""
_DAY = emit_date.DAY_MICROSECONDS
_FIRST, _LAST = FIRST_DAY * _DAY, (LAST_DAY + 1) * _DAY - 1
_SPAN = _LAST - _FIRST


def extract(op: Operation) -> Value:
    """EXTRACT(part FROM t AT TIME ZONE zone); modifiers: (part, zone)."""
    (t,), (part, zone) = op.arguments, (str(modifier) for modifier in op.modifiers)
    e, is_timestamp = op.emitter, t.type is SqlType.TIMESTAMP
    local = emit_zone.to_local(e, t.data, zone)
    if part in emit_date.TIME_PARTS:
        assert is_timestamp, "a DATE has no time"
        return strict(op, emit_date.time_part(e, local, part), bound=emit_date.TIME_PARTS[part][1])
    days = divide_floor(e, local, _DAY) if is_timestamp else local
    bound = emit_date.bound_of(part) or (_YEARS if is_timestamp else 2**63)
    return strict(op, emit_date.date_part(e, days, part), bound=bound)


def unix(microseconds: int) -> Callable[[Operation], Value]:
    """Whole units since 1970, rounded down: UNIX_SECONDS, UNIX_MILLIS."""

    def render(op: Operation) -> Value:
        return strict(op, divide_floor(op.emitter, op.arguments[0].data, microseconds), bound=2**63 // microseconds + 1)

    return render


def from_unix(microseconds: int) -> Callable[[Operation], Value]:
    """TIMESTAMP_SECONDS, TIMESTAMP_MILLIS, TIMESTAMP_MICROS: an error outside the years 1 to 9999."""

    def render(op: Operation) -> Value:
        e, (n,) = op.emitter, op.arguments
        low, high = -(-_FIRST // microseconds), _LAST // microseconds
        failed = emit_calendar.is_outside(e, n.data, low, high)
        near = where(e, failed, whole(e, 0), n.data)
        return moment(op, times(e, near, microseconds), failed)

    return render


def date_from_unix_date(op: Operation) -> Value:
    """DATE_FROM_UNIX_DATE(n): an error outside the years 1 to 9999."""
    (n,) = op.arguments
    return strict(op, n.data, failed=emit_calendar.is_no_day(op.emitter, n.data), bound=n.bound)


def date(op: Operation) -> Value:
    """DATE(t, zone), modifiers: (zone,); DATE(year, month, day)."""
    e = op.emitter
    if len(op.arguments) == 3:
        days, failed = emit_calendar.date_from_parts(e, *(argument.data for argument in op.arguments))
        return strict(op, days, failed=failed, bound=2**63)
    days = divide_floor(e, emit_zone.to_local(e, op.arguments[0].data, str(op.modifiers[0])), _DAY)
    return strict(op, days, failed=emit_calendar.is_no_day(e, days), bound=2**63)


def timestamp(op: Operation) -> Value:
    """TIMESTAMP(d, zone): midnight; modifiers: (zone,)."""
    e, (d,) = op.emitter, op.arguments
    data = emit_zone.to_utc(e, times(e, d.data, _DAY), str(op.modifiers[0]))
    return moment(op, data)


def date_step(sign: int) -> Callable[[Operation], Value]:
    """DATE_ADD (sign 1) or DATE_SUB (-1) of n parts; modifiers: (part,)."""

    def render(op: Operation) -> Value:
        e, (d, n) = op.emitter, op.arguments
        steps = (
            n.data if sign == 1 else minus(e, whole(e, 0), n.data)
        )  # -(-2^63) wraps to itself, and is too far as well
        days, failed = emit_calendar.add_steps(e, d.data, steps, str(op.modifiers[0]))
        return strict(op, days, failed=failed, bound=2**63)

    return render


def date_diff(op: Operation) -> Value:
    """DATE_DIFF(d, e, part): boundaries between; modifiers: (part,)."""
    d, other = op.arguments
    return strict(op, emit_calendar.count_between(op.emitter, d.data, other.data, str(op.modifiers[0])), bound=2**63)


def date_trunc(op: Operation) -> Value:
    """DATE_TRUNC(d, part); modifiers: (part,)."""
    days = emit_calendar.truncate_date(op.emitter, op.arguments[0].data, str(op.modifiers[0]))
    return strict(op, days, failed=emit_calendar.is_no_day(op.emitter, days), bound=2**63)


def last_day(op: Operation) -> Value:
    """LAST_DAY(d, part); modifiers: (part,)."""
    days = emit_calendar.last_day(op.emitter, op.arguments[0].data, str(op.modifiers[0]))
    return strict(op, days, failed=emit_calendar.is_no_day(op.emitter, days), bound=2**63)


def timestamp_step(sign: int) -> Callable[[Operation], Value]:
    """TIMESTAMP_ADD (sign 1) or TIMESTAMP_SUB (-1) of n parts; modifiers: (part,)."""

    def render(op: Operation) -> Value:
        e, (t, n) = op.emitter, op.arguments
        unit = MICROSECONDS[str(op.modifiers[0])]
        is_far = emit_calendar.is_outside(e, n.data, -(_SPAN // unit), _SPAN // unit)
        near = where(e, is_far, whole(e, 0), n.data)
        return moment(op, plus(e, t.data, times(e, near, sign * unit)), is_far)

    return render


def timestamp_diff(op: Operation) -> Value:
    """TIMESTAMP_DIFF(t, u, part): whole parts, towards zero; modifiers: (part,)."""
    e, (t, other) = op.emitter, op.arguments
    data = over(e, minus(e, t.data, other.data), MICROSECONDS[str(op.modifiers[0])])
    return strict(op, data, bound=2**63)


def timestamp_trunc(op: Operation) -> Value:
    """TIMESTAMP_TRUNC(t, part, zone); modifiers: (part, zone). Units of the clock are cut off with the offset of t."""
    e, (t,), (part, zone) = op.emitter, op.arguments, (str(modifier) for modifier in op.modifiers)
    local = emit_zone.to_local(e, t.data, zone)
    if part == "MICROSECOND":
        return moment(op, t.data)
    if part in MICROSECONDS and part != "DAY":
        return moment(op, minus(e, t.data, modulo(e, local, MICROSECONDS[part])))
    days = emit_calendar.truncate_date(e, divide_floor(e, local, _DAY), part)
    return moment(op, emit_zone.to_utc(e, times(e, days, _DAY), zone))


def is_no_moment(e: Emitter, microseconds: str) -> str:
    """Whether a TIMESTAMP lies outside the years 1 to 9999."""
    return emit_calendar.is_outside(e, microseconds, _FIRST, _LAST)


def moment(op: Operation, microseconds: str, failed: str | None = None) -> Value:
    """A TIMESTAMP that must lie in the years 1 to 9999."""
    outside = is_no_moment(op.emitter, microseconds)
    failed = outside if failed is None else either(op.emitter, failed, outside)
    return strict(op, microseconds, failed=failed, bound=2**63)
