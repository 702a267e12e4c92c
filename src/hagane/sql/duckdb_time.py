"""Date and time functions as DuckDB's SQL: one entry a function, as in `duckdb_functions`.

DuckDB departs in DAYOFWEEK from 0, in weeks that begin on Mondays only, in dates beyond year 9999, and in zones that
need its ICU data: offsets come from the same table that the graph has.
"""

from __future__ import annotations

from collections.abc import Callable

from hagane.sql.duckdb_literals import string_sql
from hagane.sql.expression import Call
from hagane.sql.functions import MICROSECONDS, WEEKS, WHITE_SPACE
from hagane.sql.time_formats import MONTH_NAMES, Piece, pieces
from hagane.sql.time_patterns import FIELDS, time_pattern
from hagane.sql.zones import CYCLE, FOREVER, zone_table
from hagane.types import SqlType

Bound = tuple[str, ...]
Render = Callable[[Call, Bound], str]

_FIRST, _LAST = "DATE '0001-01-01'", "DATE '9999-12-31'"
_PARTS = {"DAYOFWEEK": "dow", "DAYOFYEAR": "doy", "ISOWEEK": "week"}
_CORRECTIONS = {"DAYOFWEEK": "+ CAST(1 AS BIGINT)", "MILLISECOND": "% 1000", "MICROSECOND": "% 1000000"}
"""DuckDB counts days from 0, and its milliseconds and microseconds hold the seconds."""
_FAR = 4_000_000
"""More days than the years 1 to 9999 have."""
_SPAN = _FAR * MICROSECONDS["DAY"]


def extract(call: Call, bound: Bound) -> str:
    """A CAST round it: of a constant NULL, DuckDB's EXTRACT is a DOUBLE."""
    part, zone = (str(modifier) for modifier in call.modifiers)
    t = bound[0] if call.arguments[0].type is SqlType.DATE else _local(bound[0], zone)
    if part in WEEKS:
        past = f"(({_whole(t, 'dow')} + 7 - {WEEKS.index(part)}) % 7)"
        return f"(({_whole(t, 'doy')} + 6 - {past}) // 7)"
    whole = _whole(t, _PARTS.get(part, part.lower()))
    return f"({whole} {_CORRECTIONS[part]})" if part in _CORRECTIONS else whole


def unix(unit: int) -> Render:
    """Whole units of µs, rounding down."""
    return lambda call, bound: _floored(f"epoch_us({bound[0]})", unit)


def from_unix(unit: int) -> Render:
    """A TIMESTAMP of whole units."""
    return lambda call, bound: _moment(f"make_timestamp({_near(bound[0], _SPAN // unit)} * CAST({unit} AS BIGINT))")


def date_from_unix_date(call: Call, bound: Bound) -> str:
    """DATE_FROM_UNIX_DATE."""
    return _day(f"DATE '1970-01-01' + CAST({_near(bound[0], _FAR)} AS INTEGER)")


def date(call: Call, bound: Bound) -> str:
    """DATE of a TIMESTAMP, or of three numbers."""
    if len(bound) == 3:
        return _day(f"make_date({', '.join(bound)})")
    return _day(f"CAST({_local(bound[0], str(call.modifiers[0]))} AS DATE)")


def timestamp(call: Call, bound: Bound) -> str:
    """TIMESTAMP of a DATE."""
    return _moment(_utc(f"CAST({bound[0]} AS TIMESTAMP)", str(call.modifiers[0])))


def date_step(sign: str) -> Render:
    """DATE_ADD (+) and DATE_SUB (-)."""

    def render(call: Call, bound: Bound) -> str:
        part, (d, n) = str(call.modifiers[0]).lower(), bound
        months = {"month": 1, "quarter": 3, "year": 12}.get(part)
        steps = f"CAST({_near(n, _FAR)} AS INTEGER)"
        interval = f"to_months({steps} * {months})" if months else f"to_days({steps} * {7 if part == 'week' else 1})"
        return _day(f"CAST({d} {sign} {interval} AS DATE)")

    return render


def date_diff(call: Call, bound: Bound) -> str:
    """DuckDB counts whole weeks, not Mondays: their first days are subtracted."""
    (later, earlier), part = bound, str(call.modifiers[0])
    if part == "ISOYEAR":
        return f"({_whole(later, 'isoyear')} - {_whole(earlier, 'isoyear')})"
    if part in WEEKS or part == "ISOWEEK":
        return f"(date_diff('day', {_truncated(earlier, part)}, {_truncated(later, part)}) // 7)"
    return f"date_diff('{part.lower()}', {earlier}, {later})"


def date_trunc(call: Call, bound: Bound) -> str:
    """DATE_TRUNC."""
    return _day(_truncated(bound[0], str(call.modifiers[0])))


def last_day(call: Call, bound: Bound) -> str:
    """LAST_DAY: some day of the next part, truncated, less one day."""
    part = str(call.modifiers[0])
    begin = _truncated(bound[0], part)
    step = {"DAY": "1 DAY", "MONTH": "1 MONTH", "QUARTER": "3 MONTH", "YEAR": "1 YEAR", "ISOYEAR": "378 DAY"}
    next_ = f"CAST({begin} + INTERVAL {step.get(part, '7 DAY')} AS DATE)"
    return _day(f"({_truncated(next_, part) if part == 'ISOYEAR' else next_} - 1)")


def timestamp_step(sign: str) -> Render:
    """TIMESTAMP_ADD (+) and TIMESTAMP_SUB (-)."""

    def render(call: Call, bound: Bound) -> str:
        unit = MICROSECONDS[str(call.modifiers[0])]
        return _moment(
            f"make_timestamp(epoch_us({bound[0]}) {sign} {_near(bound[1], _SPAN // unit)} * CAST({unit} AS BIGINT))"
        )

    return render


def timestamp_diff(call: Call, bound: Bound) -> str:
    """TIMESTAMP_DIFF."""
    return f"((epoch_us({bound[0]}) - epoch_us({bound[1]})) // {MICROSECONDS[str(call.modifiers[0])]})"


def timestamp_trunc(call: Call, bound: Bound) -> str:
    """TIMESTAMP_TRUNC."""
    (part, zone), t = (str(modifier) for modifier in call.modifiers), bound[0]
    if part in MICROSECONDS and part != "DAY":
        unit = MICROSECONDS[part]
        local = f"epoch_us({_local(t, zone)})"
        return _moment(f"make_timestamp(epoch_us({t}) - (({local} % {unit}) + {unit}) % {unit})")
    begin = _truncated(f"CAST({_local(t, zone)} AS DATE)", part)
    return _moment(_utc(f"CAST({begin} AS TIMESTAMP)", zone))


def format_time(call: Call, bound: Bound) -> str:
    """FORMAT_DATE and FORMAT_TIMESTAMP, element by element."""
    t = bound[0]
    if call.arguments[0].type is SqlType.DATE:
        return _joined(pieces(str(call.modifiers[0])), t, t)
    local = _local(t, str(call.modifiers[1]))
    text = _joined(pieces(str(call.modifiers[0])), local, t)
    return f"CASE WHEN {_day(f'CAST({local} AS DATE)')} IS NULL THEN NULL ELSE {text} END"


def _joined(parts: tuple[Piece, ...], local: str, utc: str) -> str:
    texts = [_element(piece.text, local, utc) if piece.is_element else string_sql(piece.text) for piece in parts]
    return f"CASE WHEN {utc} IS NULL THEN NULL ELSE {' || '.join(texts) or _EMPTY} END"


_EMPTY = "''"
_SPACED = {"e": "d", "k": "H", "l": "I"}


def _element(name: str, t: str, utc: str) -> str:
    """DuckDB's %Y and %G have four digits, BigQuery's as many as there are."""
    match name:
        case "Y" | "G":
            return f"CAST({_whole(t, 'year' if name == 'Y' else 'isoyear')} AS VARCHAR)"
        case "E4Y":
            return f"strftime({t}, '%Y')"
        case "g":
            return f"lpad(CAST({_whole(t, 'isoyear')} % 100 AS VARCHAR), 2, '0')"
        case "C":
            return f"lpad(CAST({_whole(t, 'year')} // 100 AS VARCHAR), 2, '0')"
        case "Q":
            return f"CAST({_whole(t, 'quarter')} AS VARCHAR)"
        case "e" | "k" | "l":
            padded = f"strftime({t}, '%{_SPACED[name]}')"
            return f"lpad(CAST(CAST({padded} AS BIGINT) AS VARCHAR), 2, ' ')"
        case "P":
            return f"lower(strftime({t}, '%p'))"
        case "s":
            return f"CAST({_floored(f'epoch_us({utc})', 1_000_000)} AS VARCHAR)"
        case "E*S":
            return f"(strftime({t}, '%S') || rtrim(rtrim('.' || strftime({t}, '%f'), '0'), '.'))"
    if name.startswith("E"):
        return f"(strftime({t}, '%S.') || left(strftime({t}, '%f'), {name[1]}))"
    return f"strftime({t}, '%{name}')"


def _near(n: str, most: int) -> str:
    """A number, NULL where it is so large that DuckDB would raise (it hoists shared parts even out of a TRY)."""
    return f"CASE WHEN {n} BETWEEN -{most} AND {most} THEN {n} END"


def _whole(t: str, part: str) -> str:
    return f"CAST(extract({part} FROM {t}) AS BIGINT)"


def _floored(us: str, unit: int) -> str:
    return f"(({us} - (({us} % {unit}) + {unit}) % {unit}) // {unit})"


def _day(value: str) -> str:
    """A DATE, NULL outside the years 1 to 9999."""
    return _within(value, _FIRST, _LAST)


def _moment(value: str) -> str:
    """A TIMESTAMP, NULL outside the years 1 to 9999."""
    return _within(value, "TIMESTAMP '0001-01-01'", "TIMESTAMP '9999-12-31 23:59:59.999999'")


def _within(value: str, low: str, high: str) -> str:
    kept = f"lambda hagane_d: CASE WHEN hagane_d BETWEEN {low} AND {high} THEN hagane_d END"
    return f"list_transform([TRY({value})], {kept})[1]"


def _shift(part: str) -> int:
    """By how many days to go back for a week to begin on Monday."""
    return WEEKS.index(part) - 1 if part in WEEKS else 0


def _truncated(day: str, part: str) -> str:
    unit = "week" if part in WEEKS or part == "ISOWEEK" else part.lower()
    shift = _shift(part)
    return f"(CAST(date_trunc('{unit}', {day} - {shift}) AS DATE) + {shift})"


def _local(t: str, zone: str) -> str:
    table = zone_table(zone)
    return t if zone == "UTC" else _shifted(t, "+", table.points, table.offsets)


def _utc(local: str, zone: str) -> str:
    table = zone_table(zone)
    return local if zone == "UTC" else _shifted(local, "-", table.local_points, table.offsets)


def _shifted(t: str, sign: str, points: tuple[int, ...], offsets: tuple[int, ...]) -> str:
    """`t` and the offset in force; moments beyond FOREVER are looked up in the cycle that begins there."""
    offset = str(offsets[0])
    if points:
        past = f"len(list_filter(CAST({list(points)} AS BIGINT[]), lambda hagane_p: hagane_p <= hagane_s))"
        seconds = _floored("hagane_us", 1_000_000)
        beyond = f"(({seconds} - {FOREVER}) % {CYCLE} + {FOREVER})"
        looked_up = f"CASE WHEN {seconds} > {FOREVER} THEN {beyond} ELSE {seconds} END"
        offset = f"list_transform([{looked_up}], lambda hagane_s: CAST({list(offsets)} AS BIGINT[])[1 + {past}])[1]"
    moved = f"make_timestamp(hagane_us {sign} CAST(1000000 AS BIGINT) * {offset})"
    return f"list_transform([epoch_us({t})], lambda hagane_us: {moved})[1]"


def parse_time(call: Call, bound: Bound) -> str:
    """PARSE_DATE and PARSE_TIMESTAMP: one pattern, each element a group."""
    steps = time_pattern(str(call.modifiers[0]))
    pattern, zone = string_sql(steps.pattern), str(call.modifiers[1]) if len(call.modifiers) > 1 else ""
    groups = {}
    for number, step in enumerate(steps.steps, 1):
        groups[FIELDS.get(step.element, "second")] = step.element, f"regexp_extract(hagane_x, {pattern}, {number})"
    parts = {field: _read(element, text) for field, (element, text) in groups.items()}
    value = _day(f"make_date({parts.get('year', '1970')}, {parts.get('month', '1')}, {parts.get('day', '1')})")
    if zone:
        value = _moment(_utc(_with_clock(f"CAST({value} AS TIMESTAMP)", parts), zone))
    within = " AND ".join([f"regexp_full_match(hagane_x, {pattern})", *_within_clock(parts)])
    trimmed = f"trim({bound[0]}, {string_sql(WHITE_SPACE)})"
    return f"list_transform([{trimmed}], lambda hagane_x: CASE WHEN {within} THEN {value} END)[1]"


def _read(element: str, text: str) -> str:
    if element in ("b", "B"):
        return f"list_position({[name[:3].lower() for name in MONTH_NAMES]}, lower(left({text}, 3)))"
    number = f"CAST({text} AS {'DECIMAL(18, 6)' if element.startswith('E') and element[-1] == 'S' else 'BIGINT'})"
    return f"({number} + CASE WHEN {number} < 69 THEN 2000 ELSE 1900 END)" if element == "y" else number


def _within_clock(parts: dict[str, str]) -> list[str]:
    limits = {"hour": 24, "minute": 60, "second": 60}
    return [f"{parts[field]} < {limit}" for field, limit in limits.items() if field in parts]


def _with_clock(day: str, parts: dict[str, str]) -> str:
    units = {"hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000}
    steps = "".join(f" + CAST({parts[field]} * {unit} AS BIGINT)" for field, unit in units.items() if field in parts)
    return f"make_timestamp(epoch_us({day}){steps})"


TIME_RENDER: dict[str, Render] = {
    "EXTRACT": extract,
    "DATE": date,
    "TIMESTAMP": timestamp,
    "DATE_ADD": date_step("+"),
    "DATE_SUB": date_step("-"),
    "DATE_DIFF": date_diff,
    "DATE_TRUNC": date_trunc,
    "LAST_DAY": last_day,
    "TIMESTAMP_ADD": timestamp_step("+"),
    "TIMESTAMP_SUB": timestamp_step("-"),
    "TIMESTAMP_DIFF": timestamp_diff,
    "TIMESTAMP_TRUNC": timestamp_trunc,
    "FORMAT_DATE": format_time,
    "FORMAT_TIMESTAMP": format_time,
    "PARSE_DATE": parse_time,
    "PARSE_TIMESTAMP": parse_time,
    "UNIX_SECONDS": unix(1_000_000),
    "UNIX_MILLIS": unix(1_000),
    "UNIX_MICROS": lambda call, bound: f"epoch_us({bound[0]})",
    "UNIX_DATE": lambda call, bound: f"date_diff('day', DATE '1970-01-01', {bound[0]})",
    "TIMESTAMP_SECONDS": from_unix(1_000_000),
    "TIMESTAMP_MILLIS": from_unix(1_000),
    "TIMESTAMP_MICROS": from_unix(1),
    "DATE_FROM_UNIX_DATE": date_from_unix_date,
}
"""Canonical name → DuckDB's SQL."""
