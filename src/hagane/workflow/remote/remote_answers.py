"""`remote_answers`: an endpoint's predictions as the columns that OUTPUT(…) names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from hagane.data.arrow_types import ARROW_TYPES
from hagane.types import SqlType
from hagane.workflow.remote.remote_model import RemoteField

STATUS = "remote_model_status"
"""A text a row: empty where all is well (BigQuery's own column)."""


def remote_answers(
    predictions: Sequence[Any], fields: Sequence[RemoteField], statuses: Sequence[str]
) -> dict[str, pa.Array[Any]]:
    """A column a field, then `STATUS`; NULL, and a status, where a prediction lacks a field or holds another type.

    >>> fields = [RemoteField("p", SqlType.FLOAT64)]
    >>> found = remote_answers([{"P": 1}, 0.5, "high", None], fields, ["", "", "", "it answered 503"])
    >>> found["p"].to_pylist(), found["remote_model_status"][2].as_py(), found["remote_model_status"][3].as_py()
    ([1.0, 0.5, None, None], "p is no FLOAT64: 'high'", 'it answered 503')
    """
    told = list(statuses)
    columns: dict[str, list[Any]] = {field.name: [] for field in fields}
    for row, prediction in enumerate(predictions):
        values = {} if told[row] else _values(prediction, fields)
        wrong = [_wrong(field, values.get(field.name)) for field in fields] if not told[row] else []
        told[row] = told[row] or "; ".join(filter(None, wrong))
        for field in fields:
            value = values.get(field.name)
            columns[field.name].append(None if value is None or _wrong(field, value) else value)
    found = {field.name: pa.array(columns[field.name], ARROW_TYPES[field.type]) for field in fields}
    return {**found, STATUS: pa.array(told, pa.string())}


def _values(prediction: Any, fields: Sequence[RemoteField]) -> dict[str, Any]:
    """Field → what the prediction says of it: by name, in the fields' order, or as the only one there is."""
    if isinstance(prediction, dict):
        by_name = {str(name).lower(): value for name, value in prediction.items()}
        return {field.name: by_name.get(field.name.lower(), MISSING) for field in fields}
    if len(fields) == 1:
        is_boxed = isinstance(prediction, list) and len(prediction) == 1 and not fields[0].type.is_array
        return {fields[0].name: prediction[0] if is_boxed else prediction}
    if isinstance(prediction, list) and len(prediction) == len(fields):
        return dict(zip((field.name for field in fields), prediction, strict=True))
    return {field.name: MISSING for field in fields}


MISSING = object()
"""What a prediction says of a field that it does not have; NULL is something else."""


def _wrong(field: RemoteField, value: Any) -> str:
    """Why a value cannot stand in a column; '' where it can."""
    if value is None:
        return ""
    if value is MISSING:
        return f"the prediction has no {field.name}"
    if field.type.is_array:
        fits = isinstance(value, list) and all(each is None or _fits(field.type.element, each) for each in value)
    else:
        fits = _fits(field.type, value)
    return "" if fits else f"{field.name} is no {field.type.value}: {str(value)[:80]!r}"


def _fits(type_: SqlType, value: Any) -> bool:
    if type_ is SqlType.BOOL:
        return isinstance(value, bool)
    if type_ is SqlType.FLOAT64:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if type_ is SqlType.INT64:
        return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    return isinstance(value, str) and type_ is SqlType.STRING
