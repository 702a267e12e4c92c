"""CAST as DuckDB's SQL. DuckDB takes other texts (`1.5` and `1_000` for INT64, `t` for BOOL): patterns decide first."""

from __future__ import annotations

from hagane.sql import cast_patterns
from hagane.sql.duckdb_literals import string_sql
from hagane.sql.expression import Call
from hagane.types import SqlType

Bound = tuple[str, ...]
_SPACE = "'\t\n\x0b\x0c\r '"
_CASTS = {SqlType.INT64: "BIGINT", SqlType.FLOAT64: "DOUBLE", SqlType.STRING: "VARCHAR", SqlType.TIMESTAMP: "TIMESTAMP",
          SqlType.DATE: "DATE"}  # fmt: skip
_UNBOUND_DECIMAL = r"[\x09-\x0d ]*[+-]?[0-9]+[\x09-\x0d ]*"
_UNBOUND_HEX = r" *[+-]?0[xX][0-9a-fA-F]+[\x09-\x0d ]*"


def cast_sql(call: Call, bound: Bound) -> str:
    """The value, NULL where there is none."""
    x, source, target = bound[0], call.arguments[0].type, call.type
    if source is SqlType.STRING:
        return _READ[target](x)
    if source is SqlType.FLOAT64 and target is SqlType.INT64:
        return f"TRY_CAST(round({x}) AS BIGINT)"
    if target is SqlType.BOOL:
        return f"({x} != 0)"
    if source is SqlType.TIMESTAMP and target is SqlType.STRING:
        return _moment_text(x)
    return f"CAST({x} AS {_CASTS[target]})"


def _matches(x: str, pattern: str) -> str:
    return f"regexp_full_match({x}, {string_sql(pattern)})"


def _int64(x: str) -> str:
    plain = f"trim({x}, {_SPACE})"
    digits = f"regexp_replace({plain}, '^ *[+-]?0[xX]0*', '')"
    size = f"TRY_CAST('0x0' || {digits} AS HUGEINT)"
    signed = f"CASE WHEN {plain}[1] = '-' THEN -{size} ELSE {size} END"
    return (
        f"CASE WHEN {_matches(x, _UNBOUND_DECIMAL)} THEN TRY_CAST({plain} AS BIGINT) "
        f"WHEN {_matches(x, _UNBOUND_HEX)} AND length({digits}) <= 16 THEN TRY_CAST({signed} AS BIGINT) END"
    )


def _float64(x: str) -> str:
    is_long = _matches(x, cast_patterns.LONG_NUMBER)
    patterns = (cast_patterns.NUMBER, cast_patterns.INFINITE, cast_patterns.NOT_A_NUMBER)
    known = " OR ".join(_matches(x, pattern) for pattern in patterns)
    return f"CASE WHEN ({known}) AND NOT {is_long} THEN TRY_CAST(trim({x}, {_SPACE}) AS DOUBLE) END"


def _bool(x: str) -> str:
    return f"CASE lower({x}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END"


def _date(x: str) -> str:
    return f"CASE WHEN {_matches(x, cast_patterns.DATE)} AND {x} >= '0001' THEN TRY_CAST({x} AS DATE) END"


def _timestamp(x: str) -> str:
    """Put together from its parts: DuckDB's own CAST takes hour 24, drops an offset, and refuses second 60."""
    day = f"TRY_CAST(regexp_extract(hagane_x, '^{cast_patterns.DATE}') AS DATE)"
    rest = f"regexp_replace(hagane_x, '^{cast_patterns.DATE}', '')"
    clock = f"regexp_extract({rest}, '^[ Tt][0-9:.]+')"
    parts = [f"regexp_extract({clock}, '{pattern}', 1)" for pattern in
             ("^.([0-9]+):", "^[^:]+:([0-9]+):", ":([0-9]+)(?:[.]|$)")]  # fmt: skip
    hour, minute, second = (_whole(part) for part in parts)
    micro = _whole(f"rpad(regexp_extract({clock}, '[.]([0-9]+)', 1), 6, '0')")
    offset = f"regexp_extract({rest}, '([+-])([0-9]+)(:?)([0-9]*)$', "
    run, behind = f"{offset}2)", _whole(f"{offset}4)")
    ahead = (
        f"CASE WHEN length({run}) > 2 THEN {_whole(f'left({run}, 2)')} * 60 + {_whole(f'{run}[3:]')} "
        f"ELSE {_whole(run)} * 60 + {behind} END"
    )
    minutes = f"({hour} * 60 + {minute} - CASE WHEN {offset}1) = '-' THEN -1 ELSE 1 END * ({ahead}))"
    value = f"make_timestamp(epoch_us({day}) + ({minutes} * 60 + {second}) * CAST(1000000 AS BIGINT) + {micro})"
    within = "hagane_t BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'"
    kept = f"list_transform([TRY({value})], lambda hagane_t: CASE WHEN {within} THEN hagane_t END)[1]"
    known = f"{_matches('hagane_x', cast_patterns.TIMESTAMP)} AND hagane_x >= '0001'"
    return f"list_transform([{x}], lambda hagane_x: CASE WHEN {known} THEN {kept} END)[1]"


def _whole(text: str) -> str:
    return f"coalesce(TRY_CAST({text} AS BIGINT), 0)"


def _moment_text(t: str) -> str:
    micro = f"(((epoch_us({t}) % 1000000) + 1000000) % 1000000)"
    decimals = f"strftime({t}, '%f')"
    shown = f"'.' || CASE WHEN {micro} % 1000 = 0 THEN left({decimals}, 3) ELSE {decimals} END"
    fraction = f"CASE WHEN {micro} = 0 THEN '' ELSE {shown} END"
    return f"(strftime({t}, '%Y-%m-%d %H:%M:%S') || {fraction} || '+00')"


_READ = {
    SqlType.INT64: _int64,
    SqlType.FLOAT64: _float64,
    SqlType.BOOL: _bool,
    SqlType.DATE: _date,
    SqlType.TIMESTAMP: _timestamp,
}
