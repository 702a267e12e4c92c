"""INTERVAL: literals, parts, and the functions that make and justify them."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from hagane.sql.queries.call import Call
from hagane.sql.queries.query_type import INT64, INTERVAL, STRING, UNKNOWN
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Scope
from hagane.sql.queries.value import Value

_PARTS = {
    "YEAR": ("to_months", 12), "QUARTER": ("to_months", 3), "MONTH": ("to_months", 1), "WEEK": ("to_days", 7), "DAY": ("to_days", 1),
    "HOUR": ("to_microseconds", 3_600_000_000), "MINUTE": ("to_microseconds", 60_000_000), "SECOND": ("to_microseconds", 1_000_000),
    "MILLISECOND": ("to_microseconds", 1_000), "MICROSECOND": ("to_microseconds", 1),
}  # fmt: skip
_SPANS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")


def interval_part(node: exp.Expression) -> str:
    """`MONTH`, `WEEK(MONDAY)`: a bare word, as sqlglot may have read it."""
    if isinstance(node, exp.Anonymous):
        inner = node.expressions[0].name.upper() if node.expressions else ""
        return f"{str(node.this).upper()}({inner})"
    if isinstance(node, exp.WeekStart):
        return f"WEEK({node.this.name.upper()})"
    if isinstance(node, exp.CurrentDate):
        return "DATE"
    return str(node.name).upper() or str(node.sql()).upper()


def plain_interval(call: Call, place: int) -> tuple[Value, str] | None:
    """Number and part of `INTERVAL n part`; None, with a fault, where it is another."""
    node = call.arguments[place]
    if not isinstance(node, exp.Interval) or node.this is None or isinstance(node.args.get("unit"), exp.IntervalSpan):
        call.refuse(f"{call.name} takes INTERVAL number part here", place)
        return None
    part = interval_part(node.args["unit"]).rstrip()
    part = part[:-1] if part.endswith("S") and part[:-1] in _PARTS else part
    if part not in _PARTS:
        call.refuse(f"there is no part {part}", place, expected=", ".join(_PARTS))
        return None
    return _number(call.rewriter, node.this, call.scope), part


def _number(rewriter: Rewriter, node: exp.Expression, scope: Scope) -> Value:
    """sqlglot keeps the number of `INTERVAL 5 DAY` as a text."""
    if isinstance(node, exp.Literal) and node.is_string and re.fullmatch(r"[+-]?\d+", str(node.this)):
        number = int(str(node.this))
        return Value(f"({number})::BIGINT" if number < 0 else f"{number}::BIGINT", INT64, number)
    value = rewriter.value(node, scope)
    if value.type not in (INT64, UNKNOWN):
        rewriter.refuse("an INTERVAL takes an INT64", node, received=str(value.type))
    return value


def write_interval(rewriter: Rewriter, node: exp.Interval, scope: Scope) -> Value:
    """INTERVAL n part, INTERVAL '…' part TO part."""
    unit = node.args.get("unit")
    if isinstance(unit, exp.IntervalSpan):
        return _spanned(rewriter, node, interval_part(unit.this), interval_part(unit.expression))
    part = interval_part(unit) if unit is not None else ""
    part = part[:-1] if part.endswith("S") and part[:-1] in _PARTS else part
    if part not in _PARTS:
        return rewriter.refuse(f"there is no part {part}", node, expected=", ".join(_PARTS))
    number = _number(rewriter, node.this, scope)
    return Value(part_sql(part, number.sql), INTERVAL)


def part_sql(part: str, number: str) -> str:
    """`number` of a part as an INTERVAL."""
    make, times = _PARTS[part]
    whole = number if times == 1 else f"{number} * {times}"
    return f"{make}(CAST({whole} AS INTEGER))" if make != "to_microseconds" else f"to_microseconds({whole})"


def _spanned(rewriter: Rewriter, node: exp.Interval, first: str, last: str) -> Value:
    parts = read_interval(str(node.this.name), first, last)
    if parts is None:
        return rewriter.refuse("this is no such INTERVAL", node, expected=f"{first} TO {last}")
    return Value(interval_sql(*parts), INTERVAL)


def interval_sql(months: int, days: int, us: int) -> str:
    """An INTERVAL of its three parts."""
    return f"(to_months({months}) + to_days({days}) + to_microseconds({us}))"


def read_interval(text: str, first: str = "YEAR", last: str = "SECOND") -> tuple[int, int, int] | None:
    """Months, days and µs of `[+-]Y-M [+-]D [+-]H:M:S.F`, of which the parts from `first` to `last` stand there.

    >>> read_interval("1-2 3 4:5:6.5"), read_interval("29 49:00:00", "DAY", "SECOND"), read_interval("x")
    ((14, 3, 14706500000), (0, 29, 176400000000), None)
    """
    if first not in _SPANS or last not in _SPANS:
        return None
    words = text.split()
    wanted = _SPANS[_SPANS.index(first) : _SPANS.index(last) + 1]
    groups = [
        group for group in (("YEAR", "MONTH"), ("DAY",), ("HOUR", "MINUTE", "SECOND")) if set(group) & set(wanted)
    ]
    if len(words) != len(groups):
        return None
    totals = {"YEAR": 0, "MONTH": 0, "DAY": 0, "HOUR": 0, "MINUTE": 0, "SECOND": 0}
    us = 0
    for word, group in zip(words, groups, strict=True):
        names = [name for name in group if name in wanted]
        sign = -1 if word.startswith("-") else 1
        numbers = re.split(r"[-:]", word.lstrip("+-"))
        if len(numbers) != len(names) or not all(re.fullmatch(r"\d+(\.\d*)?", number) for number in numbers):
            return None
        for name, number in zip(names, numbers, strict=True):
            if name == "SECOND":
                whole, _, fraction = number.partition(".")
                us += sign * (int(whole) * 1_000_000 + int((fraction + "000000")[:6]))
            elif "." in number:
                return None
            else:
                totals[name] = sign * int(number)
    us += totals["HOUR"] * 3_600_000_000 + totals["MINUTE"] * 60_000_000
    return totals["YEAR"] * 12 + totals["MONTH"], totals["DAY"], us


def _micros(i: str) -> str:
    return f"(datepart('hour', {i}) * 3600000000 + datepart('minute', {i}) * 60000000 + datepart('microsecond', {i}))"


def extracted(call: Call, value: Value) -> Value:
    """EXTRACT from an INTERVAL."""
    part = interval_part(call.arguments[0])
    months = "(datepart('year', {0}) * 12 + datepart('month', {0}))"
    forms = {
        "YEAR": f"({months} // 12)", "MONTH": f"({months} % 12)", "DAY": "datepart('day', {0})",
        "HOUR": f"({_micros('{0}')} // 3600000000)", "MINUTE": f"({_micros('{0}')} // 60000000 % 60)",
        "SECOND": f"({_micros('{0}')} // 1000000 % 60)", "MILLISECOND": f"({_micros('{0}')} // 1000 % 1000)",
        "MICROSECOND": f"({_micros('{0}')} % 1000000)",
    }  # fmt: skip
    if part not in forms:
        return call.refuse(f"an INTERVAL has no {part}", 0, expected=", ".join(forms))
    return Value(call.rewriter.bind([value], forms[part].format), INT64)


def make(call: Call) -> Value:
    """MAKE_INTERVAL: in the order year, month, day, hour, minute, second, or by name."""
    given: dict[str, Value] = {}
    for place, argument in enumerate(call.arguments):
        named = isinstance(argument, exp.Kwarg)
        name = argument.this.name.upper() if isinstance(argument, exp.Kwarg) else _SPANS[place] if place < 6 else ""
        if name not in _SPANS or name in given:
            return call.refuse(f"MAKE_INTERVAL has no {name or 'seventh argument'}", place, expected=", ".join(_SPANS))
        value = call.rewriter.value(argument.expression if named else argument, call.scope)
        given[name] = call.as_type(value, INT64, place)
    return Value(
        f"({' + '.join(part_sql(name, value.sql) for name, value in given.items()) or 'to_days(0)'})", INTERVAL
    )


def justify(call: Call) -> Value:
    """JUSTIFY_DAYS (30 days a month), JUSTIFY_HOURS (24 hours a day), JUSTIFY_INTERVAL (both)."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    return call.rewriter.call("hagane_justify", INTERVAL, call.typed(0, INTERVAL).sql, f"'{call.name}'")


FUNCTIONS: dict[str, Any] = {
    "MAKE_INTERVAL": make,
    "JUSTIFY_DAYS": justify,
    "JUSTIFY_HOURS": justify,
    "JUSTIFY_INTERVAL": justify,
}

__all__ = ["FUNCTIONS", "STRING"]
