"""What makes DATE, DATETIME, TIME and TIMESTAMP of other things, and numbers of them; the clock."""

from __future__ import annotations

from typing import Any

from hagane.sql.queries.call import Call
from hagane.sql.queries.conversions import cast, text_of
from hagane.sql.queries.functions.dates import local, moment, naive, zone_argument
from hagane.sql.queries.query_type import DATE, DATETIME, INT64, JSON, STRING, TIME, TIMESTAMP, UNKNOWN
from hagane.sql.queries.value import Value


def date(call: Call) -> Value:
    """DATE(year, month, day), DATE(moment[, zone])."""
    if not call.count(1, 3):
        return Value("NULL", UNKNOWN)
    call_safe = call.safe
    if len(call.arguments) == 3:
        return _made(
            call, DATE, "make_date({0}, {1}, {2})", "CASE WHEN {0} BETWEEN 1 AND 9999 THEN {made} ELSE {fail} END"
        )
    value = call.value(0)
    zone = zone_argument(call, 1)
    call.rewriter.safe = call_safe
    match value.type.kind:
        case "TIMESTAMP":
            return Value(f"CAST({local(value.sql, zone)} AS DATE)", DATE)
        case "DATETIME" if zone is None:
            return Value(f"CAST({value.sql} AS DATE)", DATE)
        case "DATE" if zone is None:
            return value
        case "STRING":
            return cast(call.rewriter, value, DATE, call.node)
        case "NULL":
            return Value("CAST(NULL AS DATE)", DATE)
        case _:
            return (
                call.refuse(f"DATE takes no {value.type}", received=str(value.type)) if value.type != UNKNOWN else value
            )


def _made(call: Call, type_: Any, template: str, check: str) -> Value:
    """A moment of numbers; those that there are not are an error, or NULL behind `SAFE.`."""
    numbers = [call.typed(place, INT64) for place in range(len(call.arguments))]
    call.rewriter.safe = call.safe
    failure = call.rewriter.fail(f"{call.name} of numbers that are no {type_}")

    def body(*names: str) -> str:
        made = template.format(*names)
        made = f"TRY({made})" if call.safe else made
        return check.replace("{made}", made).replace("{fail}", failure).format(*names)

    return Value(call.rewriter.bind_all(numbers, body) if call.safe else call.rewriter.bind(numbers, body), type_)


_FINE_CLOCK = "{%d} BETWEEN 0 AND 23 AND {%d} BETWEEN 0 AND 59 AND {%d} BETWEEN 0 AND 59"


def datetime(call: Call) -> Value:
    """DATETIME(year, month, day, hour, minute, second), DATETIME(date[, time]), DATETIME(timestamp[, zone])."""
    if len(call.arguments) == 6:
        check = (
            "CASE WHEN {0} BETWEEN 1 AND 9999 AND "
            + _FINE_CLOCK % (3, 4, 5)
            + " THEN {made} WHEN {0} IS NOT NULL THEN {fail} END"
        )
        return _made(call, DATETIME, "make_timestamp({0}, {1}, {2}, {3}, {4}, CAST({5} AS DOUBLE))", check)
    if not call.count(1, 2):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    if value.type == DATE and len(call.arguments) == 2:
        return Value(f"({value.sql} + {call.typed(1, TIME).sql})", DATETIME)
    if value.type == TIMESTAMP:
        return Value(local(value.sql, zone_argument(call, 1)), DATETIME)
    call.rewriter.safe = call.safe
    if value.type.kind in ("DATE", "STRING", "DATETIME") and len(call.arguments) == 1:
        return cast(call.rewriter, value, DATETIME, call.node)
    return call.refuse(f"DATETIME takes no {value.type}") if value.type != UNKNOWN else value


def time(call: Call) -> Value:
    """TIME(hour, minute, second), TIME(datetime), TIME(timestamp[, zone])."""
    if len(call.arguments) == 3:
        check = f"CASE WHEN {_FINE_CLOCK % (0, 1, 2)} THEN {{made}} WHEN {{0}} IS NOT NULL THEN {{fail}} END"
        return _made(call, TIME, "make_time({0}, {1}, CAST({2} AS DOUBLE))", check)
    if not call.count(1, 2):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    if value.type == TIMESTAMP:
        return Value(f"CAST({local(value.sql, zone_argument(call, 1))} AS TIME)", TIME)
    if value.type == DATETIME:
        return Value(f"CAST({value.sql} AS TIME)", TIME)
    call.rewriter.safe = call.safe
    if value.type in (STRING, TIME):
        return cast(call.rewriter, value, TIME, call.node)
    return call.refuse(f"TIME takes no {value.type}") if value.type != UNKNOWN else value


def timestamp(call: Call) -> Value:
    """TIMESTAMP(text[, zone]), TIMESTAMP(date[, zone]), TIMESTAMP(datetime[, zone])."""
    if not call.count(1, 2):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    zone = zone_argument(call, 1)
    call.rewriter.safe = call.safe
    match value.type.kind:
        case "STRING" if zone is not None:
            return call.rewriter.call("hagane_read_timestamp_in", TIMESTAMP, value.sql, zone)
        case "STRING":
            return cast(call.rewriter, value, TIMESTAMP, call.node)
        case "DATE" | "DATETIME":
            clock = f"CAST({value.sql} AS TIMESTAMP)" if value.type == DATE else value.sql
            return Value(moment(clock) if zone is None else f"timezone({zone}, {clock})", TIMESTAMP)
        case "TIMESTAMP":
            return value
        case "NULL":
            return Value("CAST(NULL AS TIMESTAMPTZ)", TIMESTAMP)
        case _:
            return call.refuse(f"TIMESTAMP takes no {value.type}") if value.type != UNKNOWN else value


def string(call: Call) -> Value:
    """STRING(moment[, zone]), STRING(json)."""
    if not call.count(1, 2):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    if value.type == JSON:
        from hagane.sql.queries.functions.json import strict

        return strict(call)
    if value.type == TIMESTAMP:
        zone = zone_argument(call, 1)
        if zone is None:
            return Value(text_of(call.rewriter, value), STRING)
        return call.rewriter.call("hagane_timestamp_text", STRING, value.sql, zone)
    if value.type.kind in ("DATE", "DATETIME", "TIME") and len(call.arguments) == 1:
        return Value(text_of(call.rewriter, value), STRING)
    return call.refuse(f"STRING takes no {value.type}") if value.type != UNKNOWN else value


def now(call: Call) -> Value:
    """CURRENT_DATE, CURRENT_DATETIME, CURRENT_TIME, CURRENT_TIMESTAMP: when the query began."""
    if call.name == "CURRENT_TIMESTAMP":
        return Value("get_current_timestamp()", TIMESTAMP) if call.count(0) else Value("NULL", UNKNOWN)
    if not call.count(0, 1):
        return Value("NULL", UNKNOWN)
    clock = local("get_current_timestamp()", zone_argument(call, 0))
    type_ = {"CURRENT_DATE": DATE, "CURRENT_DATETIME": DATETIME, "CURRENT_TIME": TIME}[call.name]
    return Value(clock if type_ == DATETIME else f"CAST({clock} AS {type_.duckdb})", type_)


def _floored(us: str, unit: int) -> str:
    return f"(({us} - (({us} % {unit}) + {unit}) % {unit}) // {unit})"


def _since(name: str, unit: int) -> list[str]:
    failure = f"{{fail|{name} gives no TIMESTAMP of the years 1 to 9999}}"
    least, most = -62135596800000000 // unit, 253402300799999999 // unit
    return [
        f"INT64 -> TIMESTAMP: CASE WHEN {{0}} < {least} OR {{0}} > {most} THEN {failure} ELSE make_timestamptz({{0}} * {unit}::BIGINT) END"
    ]


FUNCTIONS: dict[str, Any] = {
    "DATE": date,
    "DATETIME": datetime,
    "TIME": time,
    "TIMESTAMP": timestamp,
    "STRING": string,
    **dict.fromkeys(("CURRENT_DATE", "CURRENT_DATETIME", "CURRENT_TIME", "CURRENT_TIMESTAMP"), now),
    "UNIX_DATE": ["DATE -> INT64: date_diff('day', DATE '1970-01-01', {0})"],
    "DATE_FROM_UNIX_DATE": ["INT64 -> DATE: (DATE '1970-01-01' + CAST({0} AS INTEGER))"],
    "UNIX_SECONDS": [f"TIMESTAMP -> INT64: {_floored('epoch_us({0})', 1_000_000)}"],
    "UNIX_MILLIS": [f"TIMESTAMP -> INT64: {_floored('epoch_us({0})', 1_000)}"],
    "UNIX_MICROS": ["TIMESTAMP -> INT64: epoch_us({0})"],
    "TIMESTAMP_SECONDS": _since("TIMESTAMP_SECONDS", 1_000_000),
    "TIMESTAMP_MILLIS": _since("TIMESTAMP_MILLIS", 1_000),
    "TIMESTAMP_MICROS": _since("TIMESTAMP_MICROS", 1),
}

__all__ = ["FUNCTIONS", "naive"]
