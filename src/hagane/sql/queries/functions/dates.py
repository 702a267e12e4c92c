"""Steps, differences, truncations and parts of DATE, DATETIME, TIME and TIMESTAMP: `DATE_ADD`, …, `EXTRACT`, `LAST_DAY`."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from hagane.sql.queries.call import Call
from hagane.sql.queries.functions.intervals import interval_part, plain_interval
from hagane.sql.queries.overload import step
from hagane.sql.queries.query_type import DATE, DATETIME, INT64, INTERVAL, STRING, TIME, TIMESTAMP, UNKNOWN, QueryType
from hagane.sql.queries.value import Value

MICROSECONDS = {
    "MICROSECOND": 1, "MILLISECOND": 1_000, "SECOND": 1_000_000, "MINUTE": 60_000_000, "HOUR": 3_600_000_000, "DAY": 86_400_000_000,
}  # fmt: skip
WEEKDAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
_CLOCK = ("MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR")
_DAYS = ("DAY", "WEEK", "ISOWEEK", "MONTH", "QUARTER", "YEAR", "ISOYEAR")
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_TYPES = {"DATE": DATE, "DATETIME": DATETIME, "TIMESTAMP": TIMESTAMP, "TIME": TIME}
_STEPS = {
    "DATE": ("DAY", "WEEK", *_MONTHS), "DATETIME": (*_CLOCK, "DAY", "WEEK", *_MONTHS), "TIMESTAMP": (*_CLOCK, "DAY"), "TIME": _CLOCK,
}  # fmt: skip
_PARTS = {
    "DATE": _DAYS, "DATETIME": (*_CLOCK, *_DAYS), "TIMESTAMP": (*_CLOCK, *_DAYS), "TIME": _CLOCK,
}  # fmt: skip


def naive(t: str) -> str:
    """A TIMESTAMP as UTC's clock shows it; cheaper than a cast, which asks ICU."""
    return f"make_timestamp(epoch_us({t}))"


def moment(clock: str) -> str:
    """What UTC's clock shows as a TIMESTAMP."""
    return f"make_timestamptz(epoch_us({clock}))"


def local(t: str, zone: str | None) -> str:
    """A TIMESTAMP as the clock of a zone shows it."""
    return naive(t) if zone is None else f"timezone({zone}, {t})"


def zone_argument(call: Call, place: int) -> str | None:
    """The zone at a place, as DuckDB writes it; None for UTC."""
    return zone_sql(call, call.typed(place, STRING)) if place < len(call.arguments) else None


def zone_sql(call: Call, zone: Value) -> str | None:
    """A zone; None for UTC. Offsets like `+9:30` are no names of DuckDB's, and are refused where they are no constants."""
    import re
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if not zone.is_constant:
        return zone.sql
    text = str(zone.constant)
    if text.upper() in ("UTC", "Z", "GMT", "ETC/UTC"):
        return None
    offset = re.fullmatch(r"(?:UTC)?([+-])(\d{1,2})(?::?(\d{2}))?", text)
    if offset:
        if not int(offset[3] or 0):  # POSIX counts to the west
            return f"'Etc/GMT{'-' if offset[1] == '+' else '+'}{int(offset[2])}'" if int(offset[2]) else None
        call.refuse(f"the zone {text} is not supported here", next_step="use a name, as Asia/Kolkata")
        return None
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        call.refuse(f"Invalid time zone: {text}")
    return zone.sql


def subject(call: Call, place: int) -> Value:
    """The moment at a place: of its own type, else of the type that the function is called after."""
    value = call.value(place)
    if value.type.kind in _TYPES:
        wanted = _TYPES.get(call.name.split("_")[0], value.type)
        return call.as_type(value, TIMESTAMP, place) if (value.type, wanted) == (DATETIME, TIMESTAMP) else value
    wanted = _TYPES.get(call.name.split("_")[0], DATE)
    return call.as_type(value, wanted, place)


def checked(call: Call, value: str, type_: QueryType) -> str:
    """A DATE, DATETIME or TIMESTAMP, or an error outside the years 1 to 9999."""
    if type_ == TIME:
        return value
    first, last = {
        "DATE": ("DATE '0001-01-01'", "DATE '9999-12-31'"),
        "DATETIME": ("TIMESTAMP '0001-01-01'", "TIMESTAMP '9999-12-31 23:59:59.999999'"),
    }.get(type_.kind, ("TIMESTAMPTZ '0001-01-01 00:00:00+00'", "TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'"))
    failure = call.rewriter.fail(f"{call.name} gives no {type_.kind} of the years 1 to 9999")
    return call.rewriter.bind(
        [Value(value, type_)], lambda v: f"CASE WHEN {v} < {first} OR {v} > {last} THEN {failure} ELSE {v} END"
    )


def step_sql(type_: QueryType, x: str, n: str, part: str, sign: str) -> str:
    """`x` and `n` parts more or less."""
    if type_ == TIME:
        us = f"((epoch_us({x}) {sign} ({n}) % 86400000000 * {MICROSECONDS[part]} % 86400000000) % 86400000000 + 86400000000) % 86400000000"
        return f"(TIME '00:00:00' + to_microseconds({us}))"
    if part in _MONTHS:
        moved = f"({x} {sign} to_months(CAST({n} * {_MONTHS[part]} AS INTEGER)))"
        return f"CAST({moved} AS DATE)" if type_ == DATE else moved
    if type_ == DATE:
        return f"({x} {sign} CAST({n} * {7 if part == 'WEEK' else 1} AS INTEGER))"
    unit = MICROSECONDS["DAY"] * 7 if part == "WEEK" else MICROSECONDS[part]
    make = "make_timestamptz" if type_ == TIMESTAMP else "make_timestamp"
    return f"{make}(epoch_us({x}) {sign} {n} * {unit}::BIGINT)"


def stepped(call: Call) -> Value:
    """DATE_ADD, DATE_SUB and those of the other types."""
    if not call.count(2):
        return Value("NULL", UNKNOWN)
    value = subject(call, 0)
    sign = "+" if call.name.endswith("_ADD") else "-"
    if not isinstance(call.arguments[1], exp.Interval):
        return _whole_interval(call, value, sign)
    found = plain_interval(call, 1)
    if found is None or value.type.kind not in _TYPES:
        return Value("NULL", UNKNOWN)
    number, part = found
    if part not in _STEPS[value.type.kind]:
        if (value.type, part in _PARTS["DATETIME"]) == (DATE, True) and part in _CLOCK:
            return call.refuse(f"{call.name} of a DATE takes no {part}", 1, expected=", ".join(_STEPS["DATE"]))
        return call.refuse(f"{call.name} takes no {part}", 1, expected=", ".join(_STEPS[value.type.kind]))
    call.rewriter.safe = call.safe
    moved = step_sql(value.type, value.sql, number.sql, part, sign)
    if call.safe:
        moved = call.rewriter.bind_all([value, number], lambda x, n: f"TRY({step_sql(value.type, x, n, part, sign)})")
    return Value(checked(call, moved, value.type), value.type)


def _whole_interval(call: Call, value: Value, sign: str) -> Value:
    interval = call.typed(1, INTERVAL)
    moved = f"({value.sql} {sign} {interval.sql})"
    return Value(f"CAST({moved} AS DATE)" if value.type == DATE else moved, value.type)


def part_of(call: Call, place: int, allowed: tuple[str, ...]) -> str | None:
    """A part such as `MONTH`, `WEEK` or `WEEK(MONDAY)`; None, with a fault, where it is none of `allowed`."""
    node = call.arguments[place]
    text = interval_part(node)
    base = text.split("(")[0]
    weekday = text[len(base) + 1 : -1]
    if base not in allowed or (weekday and (base != "WEEK" or weekday not in WEEKDAYS)):
        call.refuse(f"{call.name} takes no {text or 'such part'}", place, expected=", ".join(allowed))
        return None
    return "WEEK" if weekday == "SUNDAY" else text


def past_week(d: str, part: str) -> str:
    """Days since the week began."""
    first = 1 if part == "ISOWEEK" else WEEKDAYS.index(part[5:-1]) if "(" in part else 0
    return f"extract('dow' FROM {d})" if not first else f"((extract('dow' FROM {d}) + {7 - first}) % 7)"


def day_begun(d: str, part: str) -> str:
    """The first day of the part in which a DATE lies."""
    match part.split("(", maxsplit=1)[0]:
        case "DAY":
            return d
        case "WEEK" | "ISOWEEK":
            return f"({d} - CAST({past_week(d, part)} AS INTEGER))"
        case "ISOYEAR":
            return f"CAST(date_trunc('week', make_date(CAST(extract('isoyear' FROM {d}) AS BIGINT), 1, 4)) AS DATE)"
        case _:
            return f"CAST(date_trunc('{part.lower()}', {d}) AS DATE)"


def truncated(call: Call) -> Value:
    """DATE_TRUNC and those of the other types; the part is the whole unit in which the moment lies."""
    if not call.count(2, 3):
        return Value("NULL", UNKNOWN)
    value = subject(call, 0)
    if value.type.kind not in _TYPES:
        return Value("NULL", UNKNOWN)
    part = part_of(call, 1, _PARTS[value.type.kind])
    zone = zone_argument(call, 2)
    if part is None:
        return Value("NULL", UNKNOWN)
    if zone is not None and value.type != TIMESTAMP:
        return call.refuse(f"{value.type} has no time zone", 2)
    return Value(call.rewriter.bind([value], lambda x: _truncated(value.type, x, part, zone)), value.type)


def _truncated(type_: QueryType, x: str, part: str, zone: str | None) -> str:
    if type_ == DATE:
        return day_begun(x, part)
    if type_ == TIME:
        return f"(TIME '00:00:00' + to_microseconds(epoch_us({x}) - epoch_us({x}) % {MICROSECONDS[part]}))"
    if part in _CLOCK:
        unit = MICROSECONDS[part]
        shown = f"epoch_us({local(x, zone)})" if type_ == TIMESTAMP else f"epoch_us({x})"
        make = "make_timestamptz" if type_ == TIMESTAMP else "make_timestamp"
        return f"{make}(epoch_us({x}) - (({shown} % {unit}) + {unit}) % {unit})"
    clock = local(x, zone) if type_ == TIMESTAMP else x
    begun = f"CAST({day_begun(f'CAST({clock} AS DATE)', part)} AS TIMESTAMP)"
    if type_ == DATETIME:
        return begun
    return moment(begun) if zone is None else f"timezone({zone}, {begun})"


def difference(call: Call) -> Value:
    """DATE_DIFF and its like count the beginnings of parts between; TIMESTAMP_DIFF whole parts."""
    if not call.count(3):
        return Value("NULL", UNKNOWN)
    later, earlier = subject(call, 0), subject(call, 1)
    type_ = _common(call, later, earlier)
    if type_ is None:
        return call.refuse(f"{call.name} takes moments of one type", received=f"{later.type}, {earlier.type}")
    allowed = (*_CLOCK, "DAY") if type_ == TIMESTAMP else _PARTS[type_.kind]
    part = part_of(call, 2, allowed)
    if part is None:
        return Value("NULL", UNKNOWN)
    a, b = (call.as_type(value, type_, place) for place, value in enumerate((later, earlier)))
    if type_ == TIMESTAMP:
        unit = MICROSECONDS[part]
        over = "" if unit == 1 else f" // {unit}::BIGINT"
        return Value(f"((epoch_us({a.sql}) - epoch_us({b.sql})){over})", INT64)
    if part in _CLOCK:
        return Value(f"date_diff('{part.lower()}', {b.sql}, {a.sql})", INT64)
    days = [value if type_ == DATE else Value(f"CAST({value.sql} AS DATE)", DATE) for value in (a, b)]
    return Value(call.rewriter.bind(days, lambda x, y: _days_between(x, y, part)), INT64)


def _common(call: Call, one: Value, two: Value) -> QueryType | None:
    types = [value.type for value in (one, two) if value.type.kind in _TYPES]
    if not types:
        return _TYPES[call.name.split("_")[0]]
    return next((type_ for type_ in types if all(step(value, type_) is not None for value in (one, two))), None)


def _days_between(later: str, earlier: str, part: str) -> str:
    if part == "ISOYEAR":
        return f"(extract('isoyear' FROM {later}) - extract('isoyear' FROM {earlier}))"
    if part.startswith(("WEEK", "ISOWEEK")):
        return f"(date_diff('day', {day_begun(earlier, part)}, {day_begun(later, part)}) // 7)"
    return f"date_diff('{part.lower()}', {earlier}, {later})"


_SIMPLE = {"DAYOFYEAR": "doy", "ISOWEEK": "week", "DAY": "day", "MONTH": "month", "YEAR": "year", "QUARTER": "quarter",
           "ISOYEAR": "isoyear", "HOUR": "hour", "MINUTE": "minute", "SECOND": "second"}  # fmt: skip


def extract(call: Call) -> Value:
    """EXTRACT(part FROM moment [AT TIME ZONE zone])."""
    node, zone = call.arguments[1], None
    if isinstance(node, exp.AtTimeZone):
        zone = zone_sql(call, call.rewriter.value(node.args["zone"], call.scope))
        node = node.this
    value = call.rewriter.value(node, call.scope)
    if value.type == UNKNOWN:
        return value
    if value.type == INTERVAL:
        from hagane.sql.queries.functions.intervals import extracted

        return extracted(call, value)
    if value.type.kind not in _TYPES:
        return call.refuse(f"EXTRACT takes a moment, not {value.type}", 1)
    days = ("YEAR", "ISOYEAR", "QUARTER", "MONTH", "WEEK", "ISOWEEK", "DAY", "DAYOFWEEK", "DAYOFYEAR")
    allowed = {"DATE": days, "TIME": _CLOCK, "DATETIME": (*days, *_CLOCK, "DATE", "TIME")}.get(
        value.type.kind, (*days, *_CLOCK, "DATE", "TIME", "DATETIME")
    )
    part = part_of(call, 0, allowed)
    if part is None:
        return Value("NULL", UNKNOWN)
    clock = Value(local(value.sql, zone), DATETIME) if value.type == TIMESTAMP else value
    if part in ("DATE", "TIME", "DATETIME"):
        return Value(clock.sql if part == "DATETIME" else f"CAST({clock.sql} AS {part})", _TYPES[part])
    return Value(call.rewriter.bind([clock], lambda t: _extracted(t, part)), INT64)


def _extracted(t: str, part: str) -> str:
    if part in _SIMPLE:
        return f"extract('{_SIMPLE[part]}' FROM {t})"
    match part.split("(", maxsplit=1)[0]:
        case "DAYOFWEEK":
            return f"(extract('dow' FROM {t}) + 1)"
        case "MILLISECOND":
            return f"(extract('millisecond' FROM {t}) % 1000)"
        case "MICROSECOND":
            return f"(extract('microsecond' FROM {t}) % 1000000)"
        case _:
            return f"((extract('doy' FROM {t}) + 6 - {past_week(t, part)}) // 7)"


def last_day(call: Call) -> Value:
    """LAST_DAY."""
    if not call.count(1, 2):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    day = Value(f"CAST({value.sql} AS DATE)", DATE) if value.type == DATETIME else call.as_type(value, DATE, 0)
    part = part_of(call, 1, tuple(part for part in _DAYS if part != "DAY")) if len(call.arguments) == 2 else "MONTH"
    if part is None:
        return Value("NULL", UNKNOWN)

    def last(d: str) -> str:
        begin = day_begun(d, part)
        if part == "ISOYEAR":
            return f"({day_begun(f'({begin} + 378)', part)} - 1)"
        if part in _MONTHS:
            return f"CAST({begin} + to_months({_MONTHS[part]}) - INTERVAL 1 DAY AS DATE)"
        return f"({begin} + 6)"

    return Value(call.rewriter.bind([day], last), DATE)


def bucket(call: Call) -> Value:
    """DATE_BUCKET and its like: the beginning of the bucket in which a moment lies, counted from 1950-01-01."""
    if not call.count(2, 3):
        return Value("NULL", UNKNOWN)
    value = subject(call, 0)
    found = plain_interval(call, 1)
    if found is None or value.type.kind not in _TYPES:
        return Value("NULL", UNKNOWN)
    number, part = found
    type_ = value.type
    literal = {"DATE": "DATE '1950-01-01'", "DATETIME": "TIMESTAMP '1950-01-01'"}.get(
        type_.kind, "TIMESTAMPTZ '1950-01-01 00:00:00+00'"
    )
    origin = call.typed(2, type_) if len(call.arguments) == 3 else Value(literal, type_)
    call.rewriter.safe = call.safe
    failure = call.rewriter.fail("the width of a bucket is more than 0")
    if part in _MONTHS:
        if type_ == TIMESTAMP:
            return call.refuse(f"TIMESTAMP_BUCKET takes no {part}", 1)

        def months(x: str, n: str, o: str) -> str:
            apart = f"(date_diff('month', {o}, {x}) - CASE WHEN {o} + to_months(CAST(date_diff('month', {o}, {x}) AS INTEGER)) > {x} THEN 1 ELSE 0 END)"
            width = f"({n} * {_MONTHS[part]})"
            begun = f"{apart} - (({apart} % {width}) + {width}) % {width}"
            return f"CASE WHEN {n} <= 0 THEN {failure} ELSE CAST({o} + to_months(CAST({begun} AS INTEGER)) AS {type_.duckdb}) END"

        return Value(call.rewriter.bind([value, number, origin], months), type_)
    unit = 86_400_000_000 * 7 if part == "WEEK" else MICROSECONDS.get(part, 0)

    def fixed(x: str, n: str, o: str) -> str:
        width = f"({n} * {unit}::BIGINT)"
        apart = f"(epoch_us({x}) - epoch_us({o}))"
        begun = f"epoch_us({x}) - (({apart} % {width}) + {width}) % {width}"
        make = "make_timestamptz" if type_ == TIMESTAMP else "make_timestamp"
        made = f"CAST(make_timestamp({begun}) AS DATE)" if type_ == DATE else f"{make}({begun})"
        return f"CASE WHEN {n} <= 0 THEN {failure} ELSE {made} END"

    return Value(call.rewriter.bind([value, number, origin], fixed), type_)


_NAMES = ("DATE", "DATETIME", "TIMESTAMP", "TIME")
FUNCTIONS: dict[str, Any] = {
    **{f"{name}_{verb}": stepped for name in _NAMES for verb in ("ADD", "SUB")},
    **{f"{name}_TRUNC": truncated for name in _NAMES},
    **{f"{name}_DIFF": difference for name in _NAMES},
    **{f"{name}_BUCKET": bucket for name in _NAMES[:3]},
    "EXTRACT": extract,
    "LAST_DAY": last_day,
}
