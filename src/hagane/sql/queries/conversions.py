"""Values as values of another type: what BigQuery does unasked, and CAST."""

from __future__ import annotations

from sqlglot import exp

from hagane.sql.queries.literals import text_sql, typed_null
from hagane.sql.queries.overload import step
from hagane.sql.queries.query_type import (
    BIGNUMERIC,
    BOOL,
    BYTES,
    DATE,
    DATETIME,
    FLOAT64,
    GEOGRAPHY,
    INT64,
    INTERVAL,
    JSON,
    NULL,
    NUMERIC,
    STRING,
    TIME,
    TIMESTAMP,
    UNKNOWN,
    QueryType,
    named_fields,
    written_type,
)
from hagane.sql.queries.rewriter import Rewriter
from hagane.sql.queries.scope import Scope
from hagane.sql.queries.value import Value

_RANK = {INT64: 0, NUMERIC: 1, BIGNUMERIC: 2, FLOAT64: 3}
_TIMES = {DATE: 0, DATETIME: 1, TIMESTAMP: 2}
_ALLOWED = {
    "INT64": {"BOOL", "STRING", "FLOAT64", "NUMERIC", "BIGNUMERIC"},
    "FLOAT64": {"INT64", "STRING", "NUMERIC", "BIGNUMERIC"},
    "NUMERIC": {"INT64", "STRING", "FLOAT64", "BIGNUMERIC"},
    "BIGNUMERIC": {"INT64", "STRING", "FLOAT64", "NUMERIC"},
    "BOOL": {"INT64", "STRING"},
    "STRING": {
        "INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC", "BOOL", "BYTES", "DATE", "DATETIME", "TIME", "TIMESTAMP", "INTERVAL", "RANGE",
    },
    "BYTES": {"STRING"},
    "DATE": {"STRING", "DATETIME", "TIMESTAMP"},
    "DATETIME": {"STRING", "DATE", "TIME", "TIMESTAMP"},
    "TIME": {"STRING"},
    "TIMESTAMP": {"STRING", "DATE", "DATETIME", "TIME"},
    "INTERVAL": {"STRING"},
}  # fmt: skip
"""What CAST turns into what."""


def common_type(types: list[QueryType]) -> QueryType | None:
    """The type that values of all these types become; None where there is none.

    >>> str(common_type([INT64, NULL, FLOAT64])), common_type([INT64, STRING])
    ('FLOAT64', None)
    """
    result = NULL
    for type_ in types:
        if type_ in (NULL, UNKNOWN):
            continue
        joined = type_ if result == NULL else _joined(result, type_)
        if joined is None:
            return None
        result = joined
    return result


def _joined(one: QueryType, two: QueryType) -> QueryType | None:
    if one == two:
        return one
    if one.kind == two.kind == "NUMERIC":
        return NUMERIC
    plain = [QueryType(type_.kind) for type_ in (one, two)]
    for order in (_RANK, _TIMES):
        if all(type_ in order for type_ in plain):
            return max(plain, key=order.__getitem__)
    if one.kind == two.kind == "ARRAY":
        element = common_type([one.element or NULL, two.element or NULL])
        return QueryType("ARRAY", element=element) if element else None
    if one.kind == two.kind == "STRUCT" and len(one.fields) == len(two.fields):
        parts = [common_type([mine, theirs]) for (_, mine), (_, theirs) in zip(one.fields, two.fields, strict=True)]
        names = [mine or theirs for (mine, _), (theirs, _) in zip(one.fields, two.fields, strict=True)]
        return (
            QueryType("STRUCT", fields=tuple(zip(names, [p or NULL for p in parts], strict=True)))
            if all(parts)
            else None
        )
    return None


def join_types(values: list[Value]) -> QueryType | None:
    """The common type of values, where quoted constants become dates beside dates."""
    fixed = [value.type for value in values if not (value.is_constant and value.type == STRING)]
    known = common_type(fixed)
    if known in (None, NULL) or known == STRING or len(fixed) == len(values):
        return common_type([value.type for value in values])
    texts = [value for value in values if value.is_constant and value.type == STRING]
    return known if known is not None and all(step(text, known) is not None for text in texts) else None


def convert(rewriter: Rewriter, value: Value, wanted: QueryType) -> Value:
    """The value as `wanted`, which `step` allows."""
    have = value.type
    if have in (wanted, UNKNOWN) or wanted in (NULL, UNKNOWN):
        return value
    if have == NULL:
        if not value.is_constant:  # ERROR(…)
            return Value(f"CAST({value.sql} AS {wanted.duckdb})", wanted)
        return Value(typed_null(wanted), wanted, None)
    if value.is_constant and isinstance(value.constant, int) and wanted == FLOAT64:
        return Value(
            f"{value.constant}e0" if value.constant >= 0 else f"({value.constant}e0)", FLOAT64, float(value.constant)
        )
    if have.kind == "STRUCT" or (have.kind == "ARRAY" and (have.element or INT64).kind in ("STRUCT", "ARRAY")):
        return cast(rewriter, value, wanted, None)
    if have.kind == wanted.kind == "NUMERIC":
        return value if wanted.width is None else Value(f"CAST({value.sql} AS {wanted.duckdb})", wanted)
    if have == STRING:
        return cast(rewriter, value, wanted, None)
    if wanted == TIMESTAMP:
        return cast(rewriter, value, wanted, None)
    return Value(f"CAST({value.sql} AS {wanted.duckdb})", wanted)


def write_cast(rewriter: Rewriter, node: exp.Cast, scope: Scope) -> Value:
    """CAST, SAFE_CAST and literals of a type (`DATE '2020-01-01'`)."""
    wanted = written_type(node.to)
    if wanted is None:
        return rewriter.refuse(f"there is no type {node.to.sql()}", node)
    if node.args.get("format"):
        from hagane.sql.queries.cast_formats import write_cast_format

        return write_cast_format(rewriter, node, wanted, scope)
    if isinstance(node.this, exp.Array | exp.Struct) and not node.this.expressions:
        return (
            Value(f"CAST([] AS {wanted.duckdb})", wanted)
            if wanted.kind == "ARRAY"
            else rewriter.refuse("a STRUCT has fields", node)
        )
    value = rewriter.value(node.this, scope)
    rewriter.safe = isinstance(node, exp.TryCast)
    if _is_range(wanted) and value.is_constant:
        from hagane.sql.queries.functions.ranges import range_literal

        return range_literal(rewriter, str(value.constant), wanted, node)
    if not castable(value, wanted):
        return rewriter.refuse(f"{value.type} cannot be cast to {wanted}", node)
    return cast(rewriter, value, wanted, node)


def _is_range(type_: QueryType) -> bool:
    return type_.kind == "RANGE"


def castable(value: Value, wanted: QueryType) -> bool:
    """Whether CAST may be asked for."""
    have = value.type
    if have in (NULL, UNKNOWN) or (have.kind == wanted.kind and have.kind not in ("ARRAY", "STRUCT")):
        return True
    if have.kind == wanted.kind == "ARRAY":
        return castable(Value("", have.element or NULL), wanted.element or NULL)
    if have.kind == wanted.kind == "STRUCT":
        pairs = zip(have.fields, wanted.fields, strict=False)
        return len(have.fields) == len(wanted.fields) and all(castable(Value("", a), b) for (_, a), (_, b) in pairs)
    return wanted.kind in _ALLOWED.get(have.kind, ())


def cast(rewriter: Rewriter, value: Value, wanted: QueryType, node: exp.Expression | None) -> Value:
    """CAST; with `rewriter.safe`, SAFE_CAST."""
    have = value.type
    if have == UNKNOWN or value.constant is None:
        return Value(typed_null(wanted), wanted, None)
    if have == NULL:
        return Value(f"CAST({value.sql} AS {wanted.duckdb})", wanted)
    if have == wanted:
        return value
    if have.kind == wanted.kind == "ARRAY":
        name = rewriter.name("e")
        element = cast(rewriter, Value(name, have.element or INT64), wanted.element or INT64, node)
        return Value(f"list_transform({value.sql}, lambda {name}: {element.sql})", wanted)
    if have.kind == wanted.kind == "STRUCT":
        return _cast_struct(rewriter, value, wanted, node)
    sql = _scalar(rewriter, value, wanted)
    return Value(sql, wanted)


def _cast_struct(rewriter: Rewriter, value: Value, wanted: QueryType, node: exp.Expression | None) -> Value:
    """Field by field in their order, whatever they are called."""

    def fields(held: str) -> str:
        parts = []
        for (mine, type_), (name, target) in zip(named_fields(value.type), named_fields(wanted), strict=True):
            part = cast(rewriter, Value(f"struct_extract({held}, {text_sql(mine)})", type_), target, node)
            parts.append(f'"{name.replace(chr(34), chr(34) * 2)}" := {part.sql}')
        return f"CASE WHEN {held} IS NULL THEN NULL ELSE struct_pack({', '.join(parts)}) END"

    return Value(rewriter.bind([value], fields), wanted)


def _scalar(rewriter: Rewriter, value: Value, wanted: QueryType) -> str:
    have, verb = value.type, "TRY_CAST" if rewriter.safe else "CAST"
    match have.kind, wanted.kind:
        case "FLOAT64", "INT64":
            return f"{verb}(round({value.sql}) AS BIGINT)"
        case (("NUMERIC" | "BIGNUMERIC"), "INT64"):
            return f"{verb}(round({value.sql}, 0) AS BIGINT)"
        case "FLOAT64", ("NUMERIC" | "BIGNUMERIC"):
            return f"{verb}(round({value.sql}, 9) AS {wanted.duckdb})"
        case _, "STRING":
            return text_of(rewriter, value)
        case "STRING", _:
            return _read_text(rewriter, value, wanted, verb)
        case (("DATE" | "DATETIME"), "TIMESTAMP"):
            return f"make_timestamptz(epoch_us(CAST({value.sql} AS TIMESTAMP)))"
        case "TIMESTAMP", ("DATE" | "TIME" | "DATETIME"):
            return f"CAST(make_timestamp(epoch_us({value.sql})) AS {wanted.duckdb})"
        case _:
            return f"{verb}({value.sql} AS {wanted.duckdb})"


def text_of(rewriter: Rewriter, value: Value) -> str:
    """CAST to STRING."""
    match value.type.kind:
        case "STRING" | "GEOGRAPHY":
            return value.sql
        case "FLOAT64":
            return rewriter.bind([value], float_text)
        case "NUMERIC" | "BIGNUMERIC":
            return rewriter.bind([value], _numeric_text)
        case "TIMESTAMP":
            return rewriter.bind([value], lambda t: f"({_clock(f'({t} AT TIME ZONE {chr(39)}UTC{chr(39)})')} || '+00')")
        case "DATETIME":
            return rewriter.bind([value], _clock)
        case "TIME":
            return rewriter.bind([value], _time_text)
        case "BYTES":
            return rewriter.call("hagane_utf8", STRING, value.sql).sql
        case "INTERVAL":
            return rewriter.bind([value], interval_text)
        case _:
            return f"CAST({value.sql} AS VARCHAR)"


def float_text(x: str) -> str:
    """Fifteen digits where those say the number, else seventeen; `1`, `1e+20`, `NaN`, `-inf`."""
    short = f"printf('%.15g', {x})"
    text = f"CASE WHEN CAST({short} AS DOUBLE) = {x} THEN {short} ELSE printf('%.17g', {x}) END"
    return (
        f"CASE WHEN {x} IS NULL THEN NULL WHEN isnan({x}) THEN 'NaN' WHEN isinf({x}) THEN (CASE WHEN {x} > 0 THEN 'inf' ELSE '-inf' END) "
        f"WHEN {x} = 0 THEN '0' ELSE {text} END"
    )


def _numeric_text(x: str) -> str:
    text = f"CAST({x} AS VARCHAR)"
    return f"CASE WHEN contains({text}, '.') THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"


def _clock(t: str) -> str:
    return f"(strftime({t}, '%Y-%m-%d %H:%M:%S') || {_fraction(f'(epoch_us({t}) % 1000000 + 1000000) % 1000000')})"


def _time_text(t: str) -> str:
    return f"(substr(CAST({t} AS VARCHAR), 1, 8) || {_fraction(f'epoch_us({t}) % 1000000')})"


def _fraction(us: str) -> str:
    """Nothing, three digits or six."""
    return f"CASE WHEN ({us}) = 0 THEN '' WHEN ({us}) % 1000 = 0 THEN printf('.%03d', ({us}) // 1000) ELSE printf('.%06d', {us}) END"


def interval_text(i: str) -> str:
    """`[-]Y-M D [-]H:M:S[.F]`."""
    months = f"(datepart('year', {i}) * 12 + datepart('month', {i}))"
    days = f"datepart('day', {i})"
    us = f"(datepart('hour', {i}) * 3600000000 + datepart('minute', {i}) * 60000000 + datepart('microsecond', {i}))"
    return (
        f"CASE WHEN {i} IS NULL THEN NULL ELSE (CASE WHEN {months} < 0 THEN '-' ELSE '' END || CAST(abs({months}) // 12 AS VARCHAR) || '-' || CAST(abs({months}) % 12 AS VARCHAR) "
        f"|| ' ' || CAST({days} AS VARCHAR) || ' ' || CASE WHEN {us} < 0 THEN '-' ELSE '' END || CAST(abs({us}) // 3600000000 AS VARCHAR) || ':' "
        f"|| CAST(abs({us}) // 60000000 % 60 AS VARCHAR) || ':' || CAST(abs({us}) // 1000000 % 60 AS VARCHAR) || {_fraction(f'abs({us}) % 1000000')}) END"
    )


def _read_text(rewriter: Rewriter, value: Value, wanted: QueryType, verb: str) -> str:
    """A text as a value: GoogleSQL's forms alone, where DuckDB reads more (`1_000`, `t` for TRUE, `2.5` as INT64)."""
    match wanted.kind:
        case "BOOL":
            return rewriter.bind([value], lambda s: f"CASE lower({s}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE ELSE "
                                 f"CASE WHEN {s} IS NOT NULL THEN {rewriter.fail('Bad BOOL value')} END END")  # fmt: skip
        case "INT64":
            return rewriter.bind([value], lambda s: _guarded(rewriter, s, _WHOLE, _whole(s, verb), "INT64"))
        case "FLOAT64":
            return rewriter.bind(
                [value], lambda s: _guarded(rewriter, s, _REAL, f"{verb}(trim({s}) AS DOUBLE)", "FLOAT64")
            )
        case "NUMERIC" | "BIGNUMERIC":
            read = rewriter.call("hagane_parse_numeric", wanted, value.sql)
            return f"CAST({read.sql} AS {wanted.duckdb})"
        case "BYTES":
            return f"encode({value.sql})"
        case "DATE" | "DATETIME" | "TIME" | "TIMESTAMP":
            return _read_time(rewriter, value, wanted)
        case "INTERVAL":
            return rewriter.call("hagane_parse_interval", INTERVAL, value.sql).sql
        case _:
            return f"{verb}({value.sql} AS {wanted.duckdb})"


_WHOLE = r"^\s*[+-]?(\d+|0[xX][0-9a-fA-F]+)\s*$"
_REAL = r"^\s*[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|[iI][nN][fF]([iI][nN][iI][tT][yY])?|[nN][aA][nN])\s*$"


def _guarded(rewriter: Rewriter, s: str, pattern: str, read: str, type_: str) -> str:
    failure = f"CASE WHEN {s} IS NOT NULL THEN {rewriter.fail(f'Bad {type_} value')} END"
    return f"CASE WHEN regexp_matches({s}, '{pattern}') THEN {read} ELSE {failure} END"


def _whole(s: str, verb: str) -> str:
    hexadecimal = f"{verb}(regexp_replace(trim({s}), '^[+-]', '') AS BIGINT) * CASE WHEN starts_with(trim({s}), '-') THEN -1 ELSE 1 END"
    return f"CASE WHEN regexp_matches({s}, '0[xX]') THEN {hexadecimal} ELSE {verb}(trim({s}) AS BIGINT) END"


def _read_time(rewriter: Rewriter, value: Value, wanted: QueryType) -> str:
    if value.is_constant and value.constant is not None:
        from hagane.sql.queries.time_literals import time_literal

        found = time_literal(str(value.constant), wanted.kind)
        if found is not None:
            return found
        if rewriter.safe:
            return typed_null(wanted)
        return f"CAST(error('Invalid {wanted.kind}') AS {wanted.duckdb})"
    return rewriter.call(f"hagane_read_{wanted.kind.lower()}", wanted, value.sql).sql


__all__ = [
    "BOOL",
    "BYTES",
    "GEOGRAPHY",
    "JSON",
    "TIME",
    "cast",
    "common_type",
    "convert",
    "float_text",
    "join_types",
    "write_cast",
]
