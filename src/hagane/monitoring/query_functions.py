"""`ML.TFDV_VALIDATE` as queries call it (`hagane.data.query_functions`)."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from hagane.data.query_functions.query_function import QueryFunction
from hagane.errors import DataError
from hagane.monitoring.tfdv_validate import tfdv_validate

NAMES = (
    "detection_type",
    "categorical_default_threshold",
    "categorical_metric_type",
    "numerical_default_threshold",
    "numerical_metric_type",
    "thresholds",
)
"""What stands behind the two sets of statistics, in its order."""


def validate(base: str, study: str, options: str) -> str:
    """The anomalies' JSON; `options` is a JSON array of what else was given, NULL for what was not.

    Raises ValueError.

    >>> validate("{}", "{}", '["DRIFT"]')
    '{"baseline": {"feature": []}, "anomaly_name_format": "SERIALIZED_PATH", "drift_skew_info": []}'
    """
    given = {name: value for name, value in zip(NAMES, json.loads(options), strict=False) if value is not None}
    if "thresholds" in given:
        given["thresholds"] = dict(map(_pair, given["thresholds"]))
    try:
        return tfdv_validate(base, study, **given)
    except DataError as error:
        raise ValueError(error.render()) from None


def _pair(each: Any) -> tuple[str, float]:
    """A column and its threshold: of a STRUCT, named or not. Raises ValueError."""
    parts = list(each.values()) if isinstance(each, dict) else each
    if len(parts) != 2 or not isinstance(parts[0], str) or isinstance(parts[1], str | bool):
        raise ValueError("thresholds are an array of (column, threshold)")
    return parts[0], float(parts[1])


FUNCTIONS = {"tfdv_validate": QueryFunction(("VARCHAR", "VARCHAR", "VARCHAR"), "JSON", validate, arrow=pa.string())}
