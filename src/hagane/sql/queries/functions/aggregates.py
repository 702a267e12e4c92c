"""Aggregate functions, over groups and over windows."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from hagane.sql.queries.call import Call
from hagane.sql.queries.operators import may_be_nan
from hagane.sql.queries.query_type import BOOL, BYTES, FLOAT64, INT64, NULL, NUMERIC, STRING, UNKNOWN, QueryType
from hagane.sql.queries.value import AGGREGATE_END, Value
from hagane.sql.queries.windows import over_sql

_NUMBERS = ("INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC", "INTERVAL")


def aggregated(call: Call, function: str, *arguments: str, order: bool = True, where: str = "") -> str:
    """`function(DISTINCT a, b ORDER BY c) FILTER (WHERE …) OVER (…)`."""
    from hagane.sql.queries.select import order_key

    keys = (
        f" ORDER BY {', '.join(order_key(call.rewriter, key, call.scope, []) for key in call.order)}"
        if order and call.order
        else ""
    )
    distinct = "DISTINCT " if call.distinct else ""
    filter_ = f" FILTER (WHERE {where})" if where else AGGREGATE_END
    return (
        f"{function}({distinct}{', '.join(arguments)}{keys}){filter_}{over_sql(call.rewriter, call.over, call.scope)}"
    )


def _number(call: Call) -> Value:
    value = call.value(0)
    if value.type.kind not in (*_NUMBERS, "NULL", "UNKNOWN"):
        call.refuse(f"{call.name} takes numbers, not {value.type}", 0)
        return Value("NULL", UNKNOWN)
    return Value("CAST(NULL AS BIGINT)", INT64) if value.type == NULL else value


def total(call: Call) -> Value:
    """SUM: of INT64 an INT64, or an error."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    value = _number(call)
    if value.type == INT64:
        return Value(f"CAST({aggregated(call, 'sum', value.sql)} AS BIGINT)", INT64)
    if value.type.kind in ("NUMERIC", "BIGNUMERIC"):
        return Value(f"CAST({aggregated(call, 'sum', value.sql)} AS DECIMAL(38, 9))", NUMERIC)
    return Value(aggregated(call, "sum", value.sql), value.type)


def average(call: Call) -> Value:
    """AVG."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    value = _number(call)
    if value.type.kind in ("NUMERIC", "BIGNUMERIC"):
        whole, n = aggregated(call, "sum", value.sql), aggregated(call, "count", value.sql)
        divided = call.rewriter.call(
            "hagane_numeric_divide_safe", NUMERIC, f"CAST({whole} AS DECIMAL(38, 9))", f"CAST({n} AS DECIMAL(38, 9))"
        )
        return Value(divided.sql, NUMERIC)
    return Value(aggregated(call, "avg", value.sql), FLOAT64)


def count(call: Call) -> Value:
    """COUNT(*), COUNT(x), COUNT(DISTINCT x)."""
    if len(call.arguments) == 1 and isinstance(call.arguments[0], exp.Star):
        return Value(aggregated(call, "count", "*"), INT64)
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    return Value(aggregated(call, "count", value.sql), INT64)


def count_if(call: Call) -> Value:
    """COUNTIF."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    return Value(aggregated(call, "count", f"CASE WHEN {call.typed(0, BOOL).sql} THEN 1 END"), INT64)


def extreme(call: Call) -> Value:
    """MIN and MAX: NaN where there is one, which DuckDB takes for the largest."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    if value.type.kind in ("ARRAY", "STRUCT", "JSON", "GEOGRAPHY"):
        return call.refuse(f"{call.name} takes no {value.type.kind}", 0)
    least, most = aggregated(call, "min", value.sql), aggregated(call, "max", value.sql)
    if call.name == "MAX" or value.type != FLOAT64 or not may_be_nan(value):
        return Value(least if call.name == "MIN" else most, value.type)
    return Value(f"CASE WHEN isnan({most}) THEN {most} ELSE {least} END", FLOAT64)


def any_value(call: Call) -> Value:
    """ANY_VALUE, with HAVING MAX or MIN."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    if call.having is not None:
        by = call.rewriter.value(call.having.expression, call.scope)
        return Value(
            aggregated(call, "arg_max_null" if call.having.args.get("max") else "arg_min_null", value.sql, by.sql),
            value.type,
        )
    return Value(aggregated(call, "any_value" if call.over is None else "first", value.sql), value.type)


def by_extreme(call: Call) -> Value:
    """MAX_BY and MIN_BY."""
    if not call.count(2):
        return Value("NULL", UNKNOWN)
    value, by = call.value(0), call.value(1)
    return Value(
        aggregated(call, "arg_max_null" if call.name == "MAX_BY" else "arg_min_null", value.sql, by.sql), value.type
    )


def array_agg(call: Call) -> Value:
    """ARRAY_AGG."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    element = INT64 if value.type == NULL else value.type
    if value.type.kind == "ARRAY":
        return call.refuse("an array holds no arrays", 0, next_step="put each into a STRUCT")
    where = f"{value.sql} IS NOT NULL" if call.nulls == "IGNORE" else ""
    return Value(
        _limited(call, aggregated(call, "array_agg", value.sql, where=where)), QueryType("ARRAY", element=element)
    )


def _limited(call: Call, sql: str) -> str:
    if call.limit is None:
        return sql
    most = call.rewriter.value(call.limit, call.scope)
    return f"list_slice({sql}, 1, {most.sql})"


def array_concat_agg(call: Call) -> Value:
    """ARRAY_CONCAT_AGG."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    if value.type.kind != "ARRAY":
        return call.refuse("ARRAY_CONCAT_AGG takes arrays", 0, received=str(value.type))
    return Value(
        f"flatten({_limited(call, aggregated(call, 'array_agg', value.sql, where=f'{value.sql} IS NOT NULL'))})",
        value.type,
    )


def string_agg(call: Call) -> Value:
    """STRING_AGG."""
    if not call.count(1, 2):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    if value.type == BYTES:
        return call.refuse("STRING_AGG of BYTES is not supported here", 0)
    text = call.as_type(value, STRING, 0)
    at = call.value(1).sql if len(call.arguments) == 2 else "','"
    if call.limit is None and not call.distinct:
        return Value(aggregated(call, "string_agg", text.sql, at), STRING)
    listed = aggregated(call, "array_agg", text.sql, where=f"{text.sql} IS NOT NULL")
    return Value(f"array_to_string({_limited(call, listed)}, {at})", STRING)


def bits(call: Call) -> Value:
    """BIT_AND, BIT_OR, BIT_XOR."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    return Value(aggregated(call, call.name.lower(), call.typed(0, INT64).sql), INT64)


def logical(call: Call) -> Value:
    """LOGICAL_AND, LOGICAL_OR."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    return Value(
        aggregated(call, "bool_and" if call.name.endswith("AND") else "bool_or", call.typed(0, BOOL).sql), BOOL
    )


_SPREAD = {
    "STDDEV": "stddev_samp", "STDDEV_SAMP": "stddev_samp", "STDDEV_POP": "stddev_pop", "VARIANCE": "var_samp",
    "VAR_SAMP": "var_samp", "VAR_POP": "var_pop",
}  # fmt: skip
_PAIRS = {"CORR": "corr", "COVAR_POP": "covar_pop", "COVAR_SAMP": "covar_samp"}


def spread(call: Call) -> Value:
    """STDDEV, VARIANCE and their like: NaN where a value is not finite."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    return Value(aggregated(call, _SPREAD[call.name], call.typed(0, FLOAT64).sql), FLOAT64)


def paired(call: Call) -> Value:
    """CORR, COVAR_POP, COVAR_SAMP."""
    if not call.count(2):
        return Value("NULL", UNKNOWN)
    pair = aggregated(call, _PAIRS[call.name], call.typed(0, FLOAT64).sql, call.typed(1, FLOAT64).sql)
    if call.name != "CORR":
        return Value(pair, FLOAT64)
    n = aggregated(call, "regr_count", call.typed(0, FLOAT64).sql, call.typed(1, FLOAT64).sql)
    return Value(f"CASE WHEN {n} >= 2 THEN {pair} END", FLOAT64)


def grouping(call: Call) -> Value:
    """GROUPING."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    return Value(f"CAST(grouping({call.value(0).sql}) AS BIGINT)", INT64)


FUNCTIONS: dict[str, Any] = {
    "ANY_VALUE": any_value,
    "ARRAY_AGG": array_agg,
    "ARRAY_CONCAT_AGG": array_concat_agg,
    "AVG": average,
    "BIT_AND": bits,
    "BIT_OR": bits,
    "BIT_XOR": bits,
    "COUNT": count,
    "COUNTIF": count_if,
    "GROUPING": grouping,
    "LOGICAL_AND": logical,
    "LOGICAL_OR": logical,
    "MAX": extreme,
    "MAX_BY": by_extreme,
    "MIN": extreme,
    "MIN_BY": by_extreme,
    "STRING_AGG": string_agg,
    "SUM": total,
    **dict.fromkeys(_SPREAD, spread),
    **dict.fromkeys(_PAIRS, paired),
}
