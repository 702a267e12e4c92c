"""Date and time functions: what sqlglot makes of them, with their parts, zones, intervals and formats, as calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from hagane.errors import nearest
from hagane.sql.casts import bind_moment
from hagane.sql.dialects import spelled_out
from hagane.sql.expression import Call, Expression, Literal, Span
from hagane.sql.functions import DATE_PARTS, DATE_STEPS, MICROSECONDS, SPANS, TIME_PARTS
from hagane.sql.source import WAY_OUT, Source
from hagane.sql.time_formats import (
    DATE_ELEMENTS,
    READ_DATE_ELEMENTS,
    READ_TIME_ELEMENTS,
    TIME_ELEMENTS,
    unknown_elements,
)
from hagane.sql.time_patterns import time_pattern
from hagane.sql.zones import find_zone, zone_names
from hagane.types import SqlType

if TYPE_CHECKING:
    from hagane.sql.binder import Binder

_Bind = Callable[["Binder", exp.Expression], Expression | None]
_NO_DATETIME = "use a TIMESTAMP, or a DATE; turn a DATETIME or a TIME into one in the data query"
_ZONE_OF_TEXT = "write PARSE_TIMESTAMP('%Y-%m-%d %H:%M:%S', s, zone), or the offset into the text: '… 09:00:00+09:00'"
_MONTHS = {
    "TIMESTAMP_ADD": "days and less have one length; months: TIMESTAMP(DATE_ADD(DATE(t), INTERVAL n MONTH))",
    "TIMESTAMP_SUB": "days and less have one length; months: TIMESTAMP(DATE_SUB(DATE(t), INTERVAL n MONTH))",
    "TIMESTAMP_DIFF": "days and less have one length; others: DATE_DIFF(DATE(t), DATE(u), MONTH)",
}
_LATER = "a model must answer tomorrow what it answers today: compute it in the data query, as a column"


def bind_extract(binder: Binder, node: exp.Expression) -> Expression | None:
    """EXTRACT(part FROM t AT TIME ZONE zone), or None after noting its faults."""
    moment = node.expression
    is_zoned = isinstance(moment, exp.AtTimeZone)
    zone = _zone(binder, moment.args.get("zone") if is_zoned else None)
    argument = binder.bind(moment.this if is_zoned else moment)
    part = _part_name(node.this)
    if argument is None or zone is None:
        return None
    if argument.type not in (SqlType.TIMESTAMP, SqlType.DATE):
        binder.call("EXTRACT", (argument,), node)
        return None
    if is_zoned and argument.type is SqlType.DATE:
        binder.source.fault("a DATE is the same day in every time zone", node, next_step="leave AT TIME ZONE out")
        return None
    if part == "DATE" and argument.type is SqlType.TIMESTAMP:
        return binder.call("DATE", (argument,), node, (zone,))
    allowed = DATE_PARTS if argument.type is SqlType.DATE else (*DATE_PARTS, "DATE", *TIME_PARTS)
    if not _is_part(binder, f"EXTRACT from a {argument.type.value}", part, allowed, node):
        return None
    return binder.call("EXTRACT", (argument,), node, (part, zone))


def _bind_date(binder: Binder, node: exp.Expression) -> Expression | None:
    """`DATE('…')`, `DATE(t)`, `DATE(t, zone)`."""
    return _bind_moment(binder, node, SqlType.DATE, SqlType.TIMESTAMP)


def _bind_timestamp(binder: Binder, node: exp.Expression) -> Expression | None:
    """`TIMESTAMP('…')`, `TIMESTAMP(d)`, `TIMESTAMP(d, zone)`, `TIMESTAMP(s)` of a text."""
    return _bind_moment(binder, node, SqlType.TIMESTAMP, SqlType.DATE)


def _bind_moment(binder: Binder, node: exp.Expression, type_: SqlType, source: SqlType) -> Expression | None:
    if node.args.get("zone") is None and isinstance(node.this, exp.Literal):
        return bind_moment(binder, node, type_)
    if node.this is None or node.args.get("expressions"):
        return binder.refuse(node)
    argument, zone = binder.bind(node.this), _zone(binder, node.args.get("zone"))
    if argument is None or zone is None:
        return None
    if (argument.type, type_, zone) == (SqlType.STRING, SqlType.TIMESTAMP, "UTC"):
        return Call("CAST", (argument,), type_, (binder.is_safe,), span=binder.source.span(node))
    if (argument.type, type_) == (SqlType.STRING, SqlType.TIMESTAMP):
        binder.source.fault("TIMESTAMP of a text takes no time zone here", node, next_step=_ZONE_OF_TEXT)
        return None
    return argument if argument.type is type_ else binder.call(type_.value, (argument,), node, (zone,))


def _bind_parts(binder: Binder, node: exp.Expression) -> Expression | None:
    """`DATE(year, month, day)`."""
    arguments = binder.bind_each([node.args[key] for key in ("year", "month", "day")])
    return None if arguments is None else binder.call("DATE", arguments, node)


def _step(name: str, parts: Sequence[str]) -> _Bind:
    """`DATE_ADD(d, INTERVAL n part)` and its like."""

    def bind(binder: Binder, node: exp.Expression) -> Expression | None:
        moment, steps = binder.bind(node.this), _steps(binder, node.expression)
        unit = node.args.get("unit")
        if moment is None or steps is None:
            return None
        part = _part_name(unit) if unit is not None else "DAY"
        if not _is_part(binder, name, part, parts, node):
            return None
        return binder.call(name, (moment, steps), node, (part,))

    return bind


def _sum(operator: str, sign: str) -> _Bind:
    """`+` and `-`, days and intervals included."""

    def bind(binder: Binder, node: exp.Expression) -> Expression | None:
        left, right = node.this, node.expression
        if isinstance(left, exp.Interval) and sign == "ADD":
            left, right = right, left
        if isinstance(right, exp.Interval):
            return _moved(binder, left, right, sign, node)
        arguments = binder.bind_each([left, right])
        if arguments is None:
            return None
        types = tuple(argument.type for argument in arguments)
        if types == (SqlType.DATE, SqlType.DATE) and sign == "SUB":
            binder.source.fault(
                "the difference of two dates is an INTERVAL", node, next_step="use DATE_DIFF(…, …, DAY)"
            )
            return None
        if types == (SqlType.TIMESTAMP, SqlType.TIMESTAMP) and sign == "SUB":
            binder.source.fault("the difference of two timestamps is an INTERVAL", node,
                                next_step="use TIMESTAMP_DIFF(…, …, SECOND)")  # fmt: skip
            return None
        if types == (SqlType.INT64, SqlType.DATE) and sign == "ADD":
            arguments, types = arguments[::-1], types[::-1]
        is_days = types == (SqlType.DATE, SqlType.INT64)
        return binder.call(f"DATE_{sign}" if is_days else operator, arguments, node, ("DAY",) if is_days else ())

    return bind


def _moved(binder: Binder, moment: exp.Expression, interval: exp.Interval, sign: str,
           node: exp.Expression) -> Expression | None:  # fmt: skip
    """`t + INTERVAL n part` of a TIMESTAMP (of a DATE, BigQuery makes a DATETIME)."""
    bound, steps = binder.bind(moment), _steps(binder, interval)
    unit = interval.args.get("unit")
    part = _part_name(unit) if unit is not None else ""
    if bound is None or steps is None or not _is_part(binder, "INTERVAL", part, tuple(MICROSECONDS), node):
        return None
    if bound.type is SqlType.DATE:
        binder.source.fault("a DATE and an INTERVAL make a DATETIME", node, next_step=f"use DATE_{sign}")
        return None
    return binder.call(f"TIMESTAMP_{sign}", (bound, steps), node, (part,))


def _steps(binder: Binder, node: exp.Expression) -> Expression | None:
    """The number of an INTERVAL: sqlglot puts constants in quotes."""
    if isinstance(node, exp.Interval):
        node = node.this
    if isinstance(node, exp.Literal) and node.is_string:
        text = str(node.this).strip()
        if text.lstrip("+-").isdigit() and -(2**63) <= int(text) < 2**63:
            return Literal(int(text), SqlType.INT64, span=binder.source.span(node))
        binder.source.fault("an INTERVAL is a whole number of one part", node, received=text)
        return None
    return binder.bind(node)


def _between(name: str, parts: Sequence[str]) -> _Bind:
    """`DATE_DIFF(d, e, part)` and its like."""

    def bind(binder: Binder, node: exp.Expression) -> Expression | None:
        arguments, unit = binder.bind_each([node.this, node.expression]), node.args.get("unit")
        part = _part_name(unit) if unit is not None else "DAY"
        if arguments is None or not _is_part(binder, name, part, parts, node):
            return None
        return binder.call(name, arguments, node, (part,))

    return bind


def _cut(name: str, parts: Sequence[str], otherwise: str = "DAY") -> _Bind:
    """`DATE_TRUNC(d, part)` and its like."""

    def bind(binder: Binder, node: exp.Expression) -> Expression | None:
        argument, unit = binder.bind(node.this), node.args.get("unit")
        part = _part_name(unit) if unit is not None else otherwise
        zone = _zone(binder, node.args.get("zone"))
        if argument is None or zone is None or not _is_part(binder, name, part, parts, node):
            return None
        zoned = name == "TIMESTAMP_TRUNC"
        if not zoned and node.args.get("zone") is not None:
            binder.source.fault(f"{name} takes no time zone", node.args["zone"])
            return None
        return binder.call(name, (argument,), node, (part, zone) if zoned else (part,))

    return bind


def _bind_from_unix(binder: Binder, node: exp.Expression) -> Expression | None:
    """`TIMESTAMP_SECONDS(n)`, `TIMESTAMP_MILLIS(n)`, `TIMESTAMP_MICROS(n)`."""
    scale = node.args.get("scale")
    name = {None: "SECONDS", "3": "MILLIS", "6": "MICROS"}.get(str(scale.this) if scale is not None else None)
    argument = binder.bind(node.this)
    return None if argument is None else binder.call(f"TIMESTAMP_{name}", (argument,), node)


def _bind_format(binder: Binder, node: exp.Expression) -> Expression | None:
    """`FORMAT_DATE(format, d)` and `FORMAT_TIMESTAMP(format, t, zone)`."""
    inner = node.this
    if not isinstance(inner, exp.TsOrDsToDate | exp.TsOrDsToTimestamp):
        return _refuse_datetime(binder, node)
    is_date = isinstance(inner, exp.TsOrDsToDate)
    elements = DATE_ELEMENTS if is_date else DATE_ELEMENTS | TIME_ELEMENTS
    return _with_format(binder, node, inner.this, "FORMAT_DATE" if is_date else "FORMAT_TIMESTAMP", elements)


def _bind_parse_date(binder: Binder, node: exp.Expression) -> Expression | None:
    return _with_format(binder, node, node.this, "PARSE_DATE", READ_DATE_ELEMENTS)


def _bind_parse_timestamp(binder: Binder, node: exp.Expression) -> Expression | None:
    elements = READ_DATE_ELEMENTS | READ_TIME_ELEMENTS
    return _with_format(binder, node, node.this, "PARSE_TIMESTAMP", elements)


def _with_format(binder: Binder, node: exp.Expression, value: exp.Expression, name: str,
                 elements: frozenset[str]) -> Expression | None:  # fmt: skip
    argument, zone = binder.bind(value), _zone(binder, node.args.get("zone"))
    format_ = _format(binder, node, name, elements)
    if argument is None or zone is None or format_ is None:
        return None
    return binder.call(name, (argument,), node, (format_, zone) if name.endswith("TIMESTAMP") else (format_,))


def _format(binder: Binder, node: exp.Expression, name: str, elements: frozenset[str]) -> str | None:
    """The format as it is written: sqlglot keeps it in another spelling."""
    if not binder.source.called(node).startswith(name.split("_", maxsplit=1)[0]):
        binder.source.fault("CAST with a FORMAT cannot be compiled", node, next_step=f"write {name}('%Y-%m-%d', s)")
        return None
    span = binder.source.first_argument(node)
    format_ = _text(binder, span)
    if format_ is None:
        binder.source.fault(f"the format of {name} must be a constant", span, next_step=WAY_OUT)
        return None
    try:
        if unknown := unknown_elements(format_, elements):
            binder.source.fault(f"{name} has no element {unknown[0]}", span, next_step=WAY_OUT,
                                expected=" ".join(f"%{element}" for element in sorted(elements)))  # fmt: skip
            return None
        if name.startswith("PARSE"):
            time_pattern(format_)
    except ValueError as error:
        binder.source.fault("this format cannot be compiled", span, received=str(error), next_step=WAY_OUT)
        return None
    return format_


def _text(binder: Binder, span: Span | None) -> str | None:
    """The constant text that stands at `span`, or None."""
    inner = Source(binder.source.sql[span.start : span.end] if span else "", binder.source.where)
    tree = inner.parse()
    bound = type(binder)(inner, binder.schema).bind(tree) if tree is not None else None
    return bound.value if isinstance(bound, Literal) and isinstance(bound.value, str) else None


def _zone(binder: Binder, node: exp.Expression | None) -> str | None:
    """The canonical name of a time zone (UTC where there is none), or None after noting why it is none."""
    if node is None:
        return "UTC"
    bound = binder.bind(node)
    if bound is None:
        return None
    if not isinstance(bound, Literal) or not isinstance(bound.value, str):
        binder.source.fault("a time zone must be a constant", node, expected="like 'Asia/Tokyo' or '+09:00'",
                            next_step=WAY_OUT)  # fmt: skip
        return None
    zone = find_zone(bound.value)
    if zone is None:
        binder.source.fault("there is no such time zone", node, expected="like 'Asia/Tokyo' or '+09:00'",
                            nearest=nearest(bound.value, sorted(zone_names())))  # fmt: skip
    return zone


def _is_part(binder: Binder, name: str, part: str, allowed: Sequence[str], node: exp.Expression) -> bool:
    if part not in allowed:
        listed = [each for each in allowed if "(" not in each]
        listed += ["WEEK(<WEEKDAY>)"] * (len(listed) < len(allowed))
        step = _MONTHS.get(name, "") if part in SPANS else ""
        binder.source.fault(f"{name} has no part {part}", node, expected=", ".join(listed), next_step=step,
                            nearest="" if step else nearest(part, allowed))  # fmt: skip
    return part in allowed


def _part_name(node: exp.Expression) -> str:
    if isinstance(node, exp.WeekStart):
        day = str(node.this.name).upper()
        return "WEEK" if day == "SUNDAY" else f"WEEK({day})"
    return str(node.name or spelled_out(node)).upper()


def _refuse_datetime(binder: Binder, node: exp.Expression) -> Expression | None:
    binder.source.fault("there are no types DATETIME and TIME", node, next_step=_NO_DATETIME)
    return None


def _refuse_now(binder: Binder, node: exp.Expression) -> Expression | None:
    called = binder.source.called(node)
    name = called if called != "this" else spelled_out(node).upper().removesuffix("()")
    binder.source.fault(f"{name} changes from day to day", node, next_step=_LATER)
    return None


TIME_NODES: dict[type[exp.Expression], _Bind] = {
    exp.Extract: bind_extract,
    exp.Date: _bind_date,
    exp.Timestamp: _bind_timestamp,
    exp.DateFromParts: _bind_parts,
    exp.Add: _sum("+", "ADD"),
    exp.Sub: _sum("-", "SUB"),
    exp.DateAdd: _step("DATE_ADD", DATE_STEPS),
    exp.DateSub: _step("DATE_SUB", DATE_STEPS),
    exp.TimestampAdd: _step("TIMESTAMP_ADD", tuple(MICROSECONDS)),
    exp.TimestampSub: _step("TIMESTAMP_SUB", tuple(MICROSECONDS)),
    exp.DateDiff: _between("DATE_DIFF", SPANS),
    exp.TimestampDiff: _between("TIMESTAMP_DIFF", tuple(MICROSECONDS)),
    exp.DateTrunc: _cut("DATE_TRUNC", SPANS),
    exp.TimestampTrunc: _cut("TIMESTAMP_TRUNC", (*SPANS, *(part for part in MICROSECONDS if part != "DAY"))),
    exp.LastDay: _cut("LAST_DAY", SPANS[:-1], "MONTH"),
    exp.UnixToTime: _bind_from_unix,
    exp.TimeToStr: _bind_format,
    exp.StrToDate: _bind_parse_date,
    exp.StrToTime: _bind_parse_timestamp,
    **dict.fromkeys((exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentDatetime, exp.CurrentTime), _refuse_now),
    **dict.fromkeys(
        (
            exp.Datetime, exp.DatetimeAdd, exp.DatetimeSub, exp.DatetimeDiff, exp.DatetimeTrunc, exp.Time, exp.TimeAdd,
            exp.TimeSub, exp.TimeDiff, exp.TimeTrunc, exp.TsOrDsToDatetime, exp.ParseDatetime, exp.ParseTime,
            exp.TimestampFromParts, exp.TsOrDsToTime, exp.TimeFromParts,
        ),
        _refuse_datetime,
    ),
}  # fmt: skip
"""sqlglot's node → how it is bound."""
