"""Approximate aggregates, exact here."""

from __future__ import annotations

from typing import Any

from hagane.sql.queries.call import Call
from hagane.sql.queries.functions.aggregates import aggregated
from hagane.sql.queries.query_type import INT64, UNKNOWN, QueryType
from hagane.sql.queries.value import Value


def count_distinct(call: Call) -> Value:
    """APPROX_COUNT_DISTINCT: the exact count, which every approximation is held to."""
    if not call.count(1):
        return Value("NULL", UNKNOWN)
    call.distinct = True
    return Value(aggregated(call, "count", call.value(0).sql), INT64)


def quantiles(call: Call) -> Value:
    """APPROX_QUANTILES: nearest-rank quantiles of the sorted values, least and largest included."""
    if not call.count(2):
        return Value("NULL", UNKNOWN)
    value, number = call.value(0), call.constant(1, "the number of quantiles")
    if not isinstance(number, int) or not 1 <= number <= 100_000:
        return call.refuse("the number of quantiles is a whole number above 0", 1)
    type_ = QueryType("ARRAY", element=value.type)
    if call.nulls == "RESPECT":
        listed = f"list_sort({aggregated(call, 'array_agg', value.sql)}, 'ASC', 'NULLS FIRST')"
        ranks = ", ".join(str(rank) for rank in range(number + 1))
        return Value(call.rewriter.bind([Value(listed, type_)], lambda a: (
            f"list_transform([{ranks}], lambda hagane_q: {a}[CAST(greatest(1, ceil(hagane_q * len({a}) / {number}.0)) AS BIGINT)])")), type_)  # fmt: skip
    ranks = ", ".join(repr(rank / number) for rank in range(number + 1))
    return Value(aggregated(call, "quantile_disc", value.sql, f"[{ranks}]"), type_)


def top_count(call: Call) -> Value:
    """APPROX_TOP_COUNT: the most frequent values with their exact counts, equal ones by value."""
    if not call.count(2):
        return Value("NULL", UNKNOWN)
    value, most = call.value(0), call.typed(1, INT64)
    counted = aggregated(call, "histogram", value.sql)
    fields = (("value", value.type), ("count", INT64))
    type_ = QueryType("ARRAY", element=QueryType("STRUCT", fields=fields))
    return Value(_top(counted, "count", most.sql), type_)


def top_sum(call: Call) -> Value:
    """APPROX_TOP_SUM: the values with the largest sums of weights."""
    if not call.count(3):
        return Value("NULL", UNKNOWN)
    value, weight, most = call.value(0), call.value(1), call.typed(2, INT64)
    pairs = aggregated(
        call, "array_agg", f'struct_pack("v" := {value.sql}, "w" := {weight.sql})', where=f"{value.sql} IS NOT NULL"
    )
    type_ = QueryType("ARRAY", element=QueryType("STRUCT", fields=(("value", value.type), ("sum", weight.type))))
    names = f"list_distinct(list_transform({pairs}, lambda hagane_p: hagane_p.v))"
    total = f"CAST(list_sum(list_transform(list_filter({pairs}, lambda hagane_p: hagane_p.v = hagane_n), lambda hagane_p: hagane_p.w)) AS {weight.type.duckdb})"
    entries = f'list_transform({names}, lambda hagane_n: struct_pack("key" := hagane_n, "value" := {total}))'
    return Value(_ranked(entries, "sum", most.sql), type_)


def _top(counted: str, name: str, most: str) -> str:
    return _ranked(f"map_entries({counted})", name, most)


def _ranked(entries: str, name: str, most: str) -> str:
    """Entries of key and value, by value downwards and then by key."""
    number = "CAST(hagane_e.value AS BIGINT)" if name == "count" else "hagane_e.value"
    keyed = f'list_transform({entries}, lambda hagane_e: struct_pack("n" := -{number}, "k" := hagane_e.key))'
    kept = f"list_slice(list_sort({keyed}), 1, {most})"
    count = "CAST(-hagane_e.n AS BIGINT)" if name == "count" else "-hagane_e.n"
    return f'list_transform({kept}, lambda hagane_e: struct_pack("value" := hagane_e.k, "{name}" := {count}))'


FUNCTIONS: dict[str, Any] = {
    "APPROX_COUNT_DISTINCT": count_distinct,
    "APPROX_QUANTILES": quantiles,
    "APPROX_TOP_COUNT": top_count,
    "APPROX_TOP_SUM": top_sum,
}
