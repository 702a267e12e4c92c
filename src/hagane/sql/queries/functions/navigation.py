"""Functions of windows alone: navigation, numbering, percentiles."""

from __future__ import annotations

from typing import Any

from hagane.sql.queries.call import Call
from hagane.sql.queries.conversions import convert
from hagane.sql.queries.query_type import FLOAT64, INT64, NULL, UNKNOWN
from hagane.sql.queries.value import Value
from hagane.sql.queries.windows import over_sql


def _over(call: Call) -> str | None:
    if call.over is None:
        call.refuse(f"{call.name} needs OVER", next_step=f"write {call.name}(…) OVER (…)")
        return None
    return over_sql(call.rewriter, call.over, call.scope)


def valued(call: Call) -> Value:
    """FIRST_VALUE, LAST_VALUE, NTH_VALUE."""
    over = _over(call)
    if over is None or not call.count(2 if call.name == "NTH_VALUE" else 1):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    more = f", {call.typed(1, INT64).sql}" if call.name == "NTH_VALUE" else ""
    nulls = " IGNORE NULLS" if call.nulls == "IGNORE" else ""
    return Value(f"{call.name.lower()}({value.sql}{more}{nulls}){over}", value.type)


def offset(call: Call) -> Value:
    """LAG, LEAD."""
    over = _over(call)
    if over is None or not call.count(1, 3):
        return Value("NULL", UNKNOWN)
    value = call.value(0)
    parts = [value.sql]
    if len(call.arguments) > 1:
        parts.append(call.typed(1, INT64).sql)
    if len(call.arguments) > 2:
        parts.append(convert(call.rewriter, call.as_type(call.value(2), value.type, 2), value.type).sql)
    nulls = " IGNORE NULLS" if call.nulls == "IGNORE" else ""
    return Value(f"{call.name.lower()}({', '.join(parts)}{nulls}){over}", value.type)


def numbered(call: Call) -> Value:
    """ROW_NUMBER, RANK, DENSE_RANK, NTILE, CUME_DIST, PERCENT_RANK."""
    over = _over(call)
    if over is None or not call.count(1 if call.name == "NTILE" else 0):
        return Value("NULL", UNKNOWN)
    argument = call.typed(0, INT64).sql if call.name == "NTILE" else ""
    sql = f"{call.name.lower()}({argument}){over}"
    return Value(sql, FLOAT64) if call.name in ("CUME_DIST", "PERCENT_RANK") else Value(sql, INT64)


def percentile(call: Call) -> Value:
    """PERCENTILE_CONT and PERCENTILE_DISC: without NULL, unless RESPECT NULLS is said, which is refused."""
    over = _over(call)
    if over is None or not call.count(2):
        return Value("NULL", UNKNOWN)
    if call.nulls == "RESPECT":
        return call.refuse(
            f"{call.name} with RESPECT NULLS is not supported here",
            next_step="leave NULL out with WHERE, or COALESCE it",
        )
    value, part = call.value(0), call.typed(1, FLOAT64)
    if not part.is_constant:
        return call.refuse(f"the percentile of {call.name} is a constant here", 1)
    if call.name == "PERCENTILE_CONT":
        number = call.as_type(value, FLOAT64, 0)
        return Value(f"quantile_cont({number.sql}, {part.sql}){over}", FLOAT64)
    return Value(f"quantile_disc({value.sql}, {part.sql}){over}", INT64 if value.type == NULL else value.type)


FUNCTIONS: dict[str, Any] = {
    **dict.fromkeys(("FIRST_VALUE", "LAST_VALUE", "NTH_VALUE"), valued),
    **dict.fromkeys(("LAG", "LEAD"), offset),
    **dict.fromkeys(("ROW_NUMBER", "RANK", "DENSE_RANK", "NTILE", "CUME_DIST", "PERCENT_RANK"), numbered),
    "PERCENTILE_CONT": percentile,
    "PERCENTILE_DISC": percentile,
}
