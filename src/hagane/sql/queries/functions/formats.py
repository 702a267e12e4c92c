"""FORMAT, FORMAT_DATE and its like, PARSE_DATE and its like."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hagane.sql.queries.call import Call
from hagane.sql.queries.conversions import float_text, text_of
from hagane.sql.queries.functions.dates import local, subject, zone_argument
from hagane.sql.queries.literals import text_sql
from hagane.sql.queries.query_type import (
    DATE,
    DATETIME,
    FLOAT64,
    INT64,
    JSON,
    NULL,
    NUMERIC,
    STRING,
    TIME,
    TIMESTAMP,
    UNKNOWN,
    QueryType,
    named_fields,
)
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.value import Value

_ELEMENT = re.compile(r"%(E4Y|E\*S|E\dS|Ez|.)|([^%]+)", re.DOTALL)
_AS_IT_IS = "aAbBdHIjmMpSuUVwWy"
"""Elements that DuckDB's strftime writes as BigQuery does."""
_COMPOUND = {
    "c": "%a %b %e %H:%M:%S %Y", "D": "%m/%d/%y", "F": "%Y-%m-%d", "R": "%H:%M", "T": "%H:%M:%S", "x": "%m/%d/%y", "X": "%H:%M:%S", "h": "%b",
}  # fmt: skip
_OF_DAYS = "aAbBCdeDFgGhjmQuUVwWxyY"
_OF_CLOCKS = "HIklMpPRSTX"


def format_time(call: Call) -> Value:
    """FORMAT_DATE, FORMAT_DATETIME, FORMAT_TIME, FORMAT_TIMESTAMP, of a constant format."""
    if not call.count(2, 3):
        return Value("NULL", UNKNOWN)
    form = call.constant(0, "the format")
    name = call.name.removeprefix("FORMAT_")
    call.name = name
    value = subject(call, 1)
    call.name = f"FORMAT_{name}"
    if form is None or value.type == UNKNOWN:
        return Value("CAST(NULL AS VARCHAR)", STRING)
    zone = zone_argument(call, 2)
    if value.type == TIME:
        clock = Value(f"(DATE '1970-01-01' + {value.sql})", DATETIME)
    elif value.type == TIMESTAMP:
        clock = Value(local(value.sql, zone), DATETIME)
    else:
        clock = value
    pieces = _pieces(call, _spelled(str(form)), value.type, value.sql, zone)
    if pieces is None:
        return Value("NULL", UNKNOWN)
    sql = call.rewriter.bind(
        [clock], lambda t: " || ".join(piece(t) for piece in pieces) or f"CASE WHEN {t} IS NOT NULL THEN '' END"
    )
    return Value(f"({sql})", STRING)


def _spelled(form: str) -> str:
    """A format without the elements that stand for several."""
    return _ELEMENT.sub(lambda found: _COMPOUND.get(found[1] or "", found[0]), form)


def _pieces(call: Call, form: str, type_: QueryType, whole: str, zone: str | None) -> list[Callable[[str], str]] | None:
    """What writes each part of the format, runs of plain elements by one strftime."""
    pieces: list[Callable[[str], str]] = []
    run = ""
    for element, text in _ELEMENT.findall(form):
        if text or element == "%" or element in _AS_IT_IS or element in ("n", "t"):
            if element and ((element in _OF_CLOCKS and type_ == DATE) or (element in _OF_DAYS and type_ == TIME)):
                call.refuse(f"a {type_} has no %{element}", 0)
                return None
            run += text.replace("%", "%%") if text else {"%": "%%", "n": "\n", "t": "\t"}.get(element, f"%{element}")
            continue
        piece = _element(element, whole, zone, type_)
        if piece is None:
            call.refuse(f"%{element} of a {type_} is not supported here", 0)
            return None
        if run:
            pieces.append(_strftime(run))
            run = ""
        pieces.append(piece)
    if run or not pieces:
        pieces.append(_strftime(run))
    return pieces


def _strftime(form: str) -> Callable[[str], str]:
    return lambda t: f"strftime({t}, {text_sql(form)})"


def _element(element: str, whole: str, zone: str | None, type_: QueryType) -> Callable[[str], str] | None:
    if element.startswith("E") and element[1:2].isdigit() and element.endswith("S"):
        return lambda t: (
            f"(strftime({t}, '%S.') || left(strftime({t}, '%f'), {element[1]}))"
            if element != "E0S"
            else f"strftime({t}, '%S')"
        )
    simple: dict[str, str] = {
        "Y": "CAST(extract('year' FROM {t}) AS VARCHAR)", "G": "CAST(extract('isoyear' FROM {t}) AS VARCHAR)", "E4Y": "strftime({t}, '%Y')",
        "g": "lpad(CAST(extract('isoyear' FROM {t}) % 100 AS VARCHAR), 2, '0')",
        "C": "lpad(CAST(extract('year' FROM {t}) // 100 AS VARCHAR), 2, '0')", "Q": "CAST(extract('quarter' FROM {t}) AS VARCHAR)",
        "e": "lpad(CAST(extract('day' FROM {t}) AS VARCHAR), 2, ' ')", "k": "lpad(CAST(extract('hour' FROM {t}) AS VARCHAR), 2, ' ')",
        "l": "lpad(ltrim(strftime({t}, '%I'), '0'), 2, ' ')", "P": "lower(strftime({t}, '%p'))",
        "E*S": "(strftime({t}, '%S') || rtrim(rtrim('.' || strftime({t}, '%f'), '0'), '.'))",
    }  # fmt: skip
    if (
        element in simple
        and not (type_ == DATE and element in ("k", "l", "P", "E*S"))
        and not (type_ == TIME and element in "YGgCQeE4Y")
    ):
        return lambda t: simple[element].format(t=t)
    if type_ != TIMESTAMP:
        return None
    if element == "s":
        return lambda t: (
            f"CAST((epoch_us({whole}) - ((epoch_us({whole}) % 1000000) + 1000000) % 1000000) // 1000000 AS VARCHAR)"
        )
    if element in ("z", "Ez"):
        between = ":" if element == "Ez" else ""
        return lambda t: _offset(f"((epoch_us({t}) - epoch_us({whole})) // 60000000)", between)
    if element == "Z" and zone is None:
        return lambda t: "'UTC'"
    return None


def _offset(minutes: str, between: str) -> str:
    return f"printf('%s%02d{between}%02d', CASE WHEN {minutes} < 0 THEN '-' ELSE '+' END, abs({minutes}) // 60, abs({minutes}) % 60)"


_TYPES = {"DATE": DATE, "DATETIME": DATETIME, "TIME": TIME, "TIMESTAMP": TIMESTAMP}


def parse_time(call: Call) -> Value:
    """PARSE_DATE, PARSE_DATETIME, PARSE_TIME, PARSE_TIMESTAMP."""
    kind = call.name.removeprefix("PARSE_")
    if not call.count(2, 3 if kind == "TIMESTAMP" else 2):
        return Value("NULL", UNKNOWN)
    form, text = call.typed(0, STRING).sql, call.typed(1, STRING).sql
    zone = [call.typed(2, STRING).sql if len(call.arguments) == 3 else "'UTC'"] if kind == "TIMESTAMP" else []
    call.rewriter.safe = call.safe
    return call.rewriter.call(f"hagane_parse_{kind.lower()}", _TYPES[kind], form, text, *zone)


_SPECIFIER = re.compile(
    r"%(?P<flags>[-+ #0']*)(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d+))?(?P<kind>[a-zA-Z%])|(?P<text>[^%]+)", re.DOTALL
)


def format_text(call: Call) -> Value:
    """FORMAT, of a constant format: each specifier is written as its type needs it."""
    if not call.arguments:
        call.count(1, 1000)
        return Value("NULL", UNKNOWN)
    form = call.constant(0, "the format")
    if form is None:
        return Value("CAST(NULL AS VARCHAR)", STRING)
    values = [call.value(place) for place in range(1, len(call.arguments))]
    pieces: list[str] = []
    at, end = 0, 0
    for found in _SPECIFIER.finditer(str(form)):
        if found.start() != end:
            break
        end = found.end()
        if found["text"] or found["kind"] == "%":
            pieces.append(text_sql(found["text"] or "%"))
            continue
        taken = (found["width"] == "*") + (found["precision"] == "*") + 1
        if at + taken > len(values):
            return call.refuse("FORMAT has too few arguments", 0, expected=f"one for {found[0]}")
        piece = _written(call, found, values[at : at + taken], at + 1)
        if piece is None:
            return Value("NULL", UNKNOWN)
        pieces.append(piece)
        at += taken
    if end != len(str(form)):
        return call.refuse(f"there is no specifier {str(form)[end : end + 5]}", 0)
    if at < len(values):
        return call.refuse("FORMAT has too many arguments", at + 1)
    return Value(f"({' || '.join(pieces) or chr(39) * 2})", STRING)


def _written(call: Call, found: re.Match[str], values: list[Value], place: int) -> str | None:
    kind, flags, value = found["kind"], found["flags"], values[-1]
    width, precision = found["width"] or "", f".{found['precision']}" if found["precision"] is not None else ""
    stars = [call.as_type(star, INT64, place).sql for star in values[:-1]]
    if value.type == UNKNOWN:
        return "NULL"
    match kind:
        case "d" | "i" | "x" | "X" | "o" | "u":
            if value.type not in (INT64, NULL):
                call.refuse(f"%{kind} takes an INT64", place, received=str(value.type))
                return None
            number = "d" if kind in "iu" else kind
            return _number(call, number, value.sql, flags=flags, width=width, precision=precision, stars=stars)
        case "f" | "F" | "e" | "E" | "g" | "G":
            if value.type.kind not in ("INT64", "FLOAT64", "NUMERIC", "NULL"):
                call.refuse(f"%{kind} takes a FLOAT64", place, received=str(value.type))
                return None
            return _number(
                call,
                kind,
                f"CAST({value.sql} AS DOUBLE)",
                flags=flags,
                width=width,
                precision=precision or ".6",
                stars=stars,
            )
        case "s":
            if value.type not in (STRING, NULL):
                call.refuse(
                    "%s takes a STRING", place, received=str(value.type), next_step="use %t for values of any type"
                )
                return None
            return _padded(value.sql, flags, width, precision, stars)
        case "t" | "T":
            return _padded(shown(call.rewriter, value, literal=kind == "T"), flags, width, precision, stars)
        case "p" | "P":
            if value.type != JSON:
                call.refuse(f"%{kind} takes JSON", place, received=str(value.type))
                return None
            if kind == "P":
                call.refuse("%P is not supported here", 0, next_step="use %p")
                return None
            return call.rewriter.call("hagane_json_text", STRING, value.sql).sql
        case _:
            call.refuse(f"there is no specifier %{kind}", 0)
            return None


def _number(call: Call, kind: str, sql: str, *, flags: str, width: str, precision: str, stars: list[str]) -> str | None:
    if stars:
        return _padded(
            _number(call, kind, sql, flags=flags, width="", precision=precision, stars=[]) or "NULL",
            flags,
            width,
            "",
            stars,
        )
    if "'" in flags:
        if kind != "d":
            call.refuse("the flag ' stands before d here", 0)
            return None
        plain = f"format('{{:,}}', {sql})"
        return _padded(f"CASE WHEN {sql} IS NOT NULL THEN {plain} END", flags, width, "", [])
    if kind in "xXo":
        call_name = call.rewriter.call(
            "hagane_printf_integer", STRING, text_sql(f"%{flags}{width}{precision}{kind}"), sql
        )
        return call_name.sql
    if kind in "fFeEgG":
        return call.rewriter.call("hagane_printf_float", STRING, text_sql(f"%{flags}{width}{precision}{kind}"), sql).sql
    return (
        f"printf('%{flags}{width}{precision}{kind}', {sql})"
        if flags or width or precision
        else f"CAST({sql} AS VARCHAR)"
    )


def _padded(text: str, flags: str, width: str, precision: str, stars: list[str]) -> str:
    counts = list(stars)
    if width == "*":
        width = counts.pop(0)
    if precision == ".*":
        precision = f".{counts.pop(0)}"
    if precision:
        text = f"left({text}, {precision[1:]})"
    if not width:
        return text
    pad = "rpad" if "-" in flags else "lpad"
    return f"CASE WHEN length({text}) >= {width} THEN {text} ELSE {pad}({text}, CAST({width} AS INTEGER), ' ') END"


def shown(rewriter: Rewriter, value: Value, *, literal: bool) -> str:
    """A value as %t (for people) or %T (as a literal) shows it; NULL is `NULL`."""
    if value.type == NULL:
        return "'NULL'"
    return rewriter.bind(
        [value], lambda v: f"coalesce(CAST({_shown(rewriter, v, value.type, literal=literal)} AS VARCHAR), 'NULL')"
    )


def _shown(rewriter: Rewriter, v: str, type_: QueryType, *, literal: bool) -> str:
    match type_.kind:
        case "ARRAY":
            name = rewriter.name("e")
            inner = shown(rewriter, Value(name, type_.element or INT64), literal=literal)
            return f"CASE WHEN {v} IS NOT NULL THEN '[' || coalesce(array_to_string(list_transform({v}, lambda {name}: {inner}), ', '), '') || ']' END"
        case "STRUCT":
            fields = [
                shown(rewriter, Value(f"struct_extract({v}, {text_sql(name)})", inner), literal=literal)
                for name, inner in named_fields(type_)
            ]
            open_ = "STRUCT(" if literal and len(fields) == 1 else "("
            joined = " || ', ' || ".join(fields)
            return f"CASE WHEN {v} IS NOT NULL THEN '{open_}' || {joined} || ')' END"
        case "STRING" if literal:
            return rewriter.call("hagane_quoted", STRING, v).sql
        case "BYTES":
            return rewriter.call("hagane_quoted_bytes" if literal else "hagane_shown_bytes", STRING, v).sql
        case "FLOAT64":
            text = float_text(v)
            dotted = f"CASE WHEN regexp_matches({text}, '^-?[0-9]+$') THEN ({text}) || '.0' ELSE {text} END"
            special = f"CASE WHEN isfinite({v}) THEN {dotted} ELSE 'CAST(\"' || lower({text}) || '\" AS FLOAT64)' END"
            return special if literal else dotted
        case "DATE" | "DATETIME" | "TIME" | "TIMESTAMP" | "NUMERIC" | "BIGNUMERIC" | "JSON" | "INTERVAL" if literal:
            return f"('{type_.kind} \"' || {text_of(rewriter, Value(v, type_))} || '\"')"
        case "JSON":
            return rewriter.call("hagane_json_text", STRING, v).sql
        case _:
            return text_of(rewriter, Value(v, type_))


FUNCTIONS: dict[str, Any] = {
    "FORMAT": format_text,
    **{f"FORMAT_{name}": format_time for name in _TYPES},
    **{f"PARSE_{name}": parse_time for name in _TYPES},
    "PARSE_NUMERIC": ["STRING -> NUMERIC: hagane_parse_numeric({0})"],
    "PARSE_BIGNUMERIC": ["STRING -> NUMERIC: hagane_parse_numeric({0})"],
}

__all__ = ["FLOAT64", "FUNCTIONS", "NUMERIC"]
