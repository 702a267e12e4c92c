"""FORMAT_DATE, FORMAT_TIMESTAMP, PARSE_DATE, PARSE_TIMESTAMP: formats are constants, compiled piece by piece.

Source: GoogleSQL's reference, "Format elements for date and time parts".
"""

from __future__ import annotations

from functools import reduce

from hagane.features import emit_calendar, emit_zone
from hagane.features.emit import Emitter
from hagane.features.emit_date import DAY_MICROSECONDS
from hagane.features.emit_format import Clock, element_text
from hagane.features.emit_integer import divide_floor, plus, times, whole
from hagane.features.emit_logic import either
from hagane.features.emit_parse import read_fields
from hagane.features.scalar.dates import moment
from hagane.features.scalar.operation import Operation, strict
from hagane.features.value import Value
from hagane.sql.functions import MICROSECONDS
from hagane.sql.time_formats import pieces
from hagane.sql.time_patterns import time_pattern

_LIMITS = {"hour": 23, "minute": 59, "second": 59}


def format_date(op: Operation) -> Value:
    """FORMAT_DATE(format, d); modifiers: (format,)."""
    days = op.arguments[0].data
    return strict(op, _text(op, Clock(days, days, days)))


def format_timestamp(op: Operation) -> Value:
    """FORMAT_TIMESTAMP(format, t, zone); modifiers: (format, zone)."""
    e, t = op.emitter, op.arguments[0].data
    local = emit_zone.to_local(e, t, str(op.modifiers[1]))
    days = divide_floor(e, local, DAY_MICROSECONDS)
    return strict(op, _text(op, Clock(days, local, t)), failed=emit_calendar.is_no_day(e, days))


def parse_date(op: Operation) -> Value:
    """PARSE_DATE(format, s); modifiers: (format,)."""
    fields, failed = read_fields(op.emitter, op.arguments[0].data, time_pattern(str(op.modifiers[0])))
    days, no_day = _date(op.emitter, fields)
    return strict(op, days, failed=either(op.emitter, failed, no_day), bound=2**63)


def parse_timestamp(op: Operation) -> Value:
    """PARSE_TIMESTAMP(format, s, zone); modifiers: (format, zone)."""
    e, (format_, zone) = op.emitter, (str(modifier) for modifier in op.modifiers)
    fields, failed = read_fields(e, op.arguments[0].data, time_pattern(format_))
    days, no_day = _date(e, fields)
    failed = either(e, failed, no_day)
    local = times(e, days, DAY_MICROSECONDS)
    for name in ("hour", "minute", "second", "microsecond"):
        if name in fields:
            if name in _LIMITS:
                failed = either(e, failed, e.node("Greater", fields[name], whole(e, _LIMITS[name])))
            local = plus(e, local, times(e, fields[name], MICROSECONDS[name.upper()]))
    return moment(op, emit_zone.to_utc(e, local, zone), failed)


def _date(e: Emitter, fields: dict[str, str]) -> tuple[str, str]:
    """What is not read is that of 1970-01-01."""
    parts = (fields.get(name) or whole(e, otherwise) for name, otherwise in (("year", 1970), ("month", 1), ("day", 1)))
    return emit_calendar.date_from_parts(e, *parts)


def _text(op: Operation, clock: Clock) -> str:
    e = op.emitter
    texts = [
        element_text(e, piece.text, clock) if piece.is_element else e.constant([[piece.text]], object)
        for piece in pieces(str(op.modifiers[0]))
    ]
    return reduce(lambda a, b: e.node("StringConcat", a, b), texts, e.constant([[""]], object))
