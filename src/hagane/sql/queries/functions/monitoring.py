"""ML.TFDV_VALIDATE: two sets of statistics compared."""

from __future__ import annotations

from typing import Any

from hagane.sql.queries.call import Call
from hagane.sql.queries.query_type import FLOAT64, JSON, STRING, UNKNOWN
from hagane.sql.queries.value import Value

_TYPES = (STRING, FLOAT64, STRING, FLOAT64, STRING)
"""Detection, then thresholds and metrics by turns; what is behind them is an array."""


def tfdv_validate(call: Call) -> Value:
    """Statistics as JSON or text; further arguments in their order."""
    if not call.count(2, 8):
        return Value("NULL", UNKNOWN)
    statistics = [_statistics(call, place) for place in (0, 1)]
    further = [call.typed(place, _TYPES[place - 2]) for place in range(2, min(7, len(call.arguments)))]
    if len(call.arguments) == 8:
        further.append(_thresholds(call))
    listed = ", ".join(f"to_json({value.sql})" for value in further)
    options = f"CAST(json_array({listed}) AS VARCHAR)"
    return call.rewriter.call("hagane_tfdv_validate", JSON, *statistics, options)


def _statistics(call: Call, place: int) -> str:
    value = call.value(place)
    if value.type.kind not in ("STRING", "JSON", "NULL", "UNKNOWN"):
        call.refuse("statistics are JSON, as ML.TFDV_DESCRIBE gives them", place, received=str(value.type))
    return f"CAST({value.sql} AS VARCHAR)"


def _thresholds(call: Call) -> Value:
    value = call.value(7)
    if value.type.kind not in ("ARRAY", "NULL", "UNKNOWN"):
        call.refuse("thresholds are an array of (column, threshold)", 7, received=str(value.type))
    return value


FUNCTIONS: dict[str, Any] = {"ML.TFDV_VALIDATE": tfdv_validate}
