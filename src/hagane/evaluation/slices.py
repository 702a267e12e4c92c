"""The same metrics, for the rows that share a value of one column."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hagane.evaluation.evaluation import SliceColumn, SliceMetrics
from hagane.evaluation.measure import Measure, numbers

MAX_SLICES = 50
SMALL_BELOW_ROWS = 100
Array = npt.NDArray[Any]


def slice_columns(
    measure: Measure, labels: Array, scores: Array, columns: Mapping[str, Array]
) -> tuple[SliceColumn, ...]:
    """Measure each value of each column: `columns` name → [n] of strings, None for NULL."""
    return tuple(_slice_column(measure, labels, scores, name, values) for name, values in columns.items())


def _slice_column(measure: Measure, labels: Array, scores: Array, name: str, values: Array) -> SliceColumn:
    names, codes = factorize(values)
    counts = np.bincount(codes, minlength=len(names))
    rows_by_value = np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1]) if len(names) else []
    largest = sorted(range(len(names)), key=lambda code: (-counts[code], names[code] is None, names[code] or ""))
    slices = tuple(
        SliceMetrics(
            value=names[code],
            num_rows=int(counts[code]),
            is_small=bool(counts[code] < SMALL_BELOW_ROWS),
            metrics=numbers(measure(labels[rows_by_value[code]], scores[rows_by_value[code]])),
        )
        for code in largest[:MAX_SLICES]
    )
    return SliceColumn(column=name, slices=slices, num_values=len(names), small_below_rows=SMALL_BELOW_ROWS)


def factorize(values: Array) -> tuple[list[str | None], npt.NDArray[np.int64]]:
    """The distinct values as text, and [n] which of them each row has; NaN and None are NULL.

    >>> names, codes = factorize(np.array(["b", None, "b"], dtype=object))
    >>> names, codes.tolist()
    (['b', None], [0, 1, 0])
    """
    positions: dict[str | None, int] = {}
    texts = (_text(value) for value in values.tolist())
    codes = np.fromiter((positions.setdefault(text, len(positions)) for text in texts), np.int64, len(values))
    return list(positions), codes


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
