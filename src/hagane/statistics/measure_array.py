"""`measure_array`: the summary of values that are in memory already, without a scan by the engine."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.statistics.frequent_sketch import LOG_SIZE, FrequentSketch, capacity
from hagane.statistics.quantile_sketch import QuantileSketch
from hagane.statistics.statistics import (
    QUANTILE_FRACTIONS,
    ColumnStatistics,
    Quantile,
    boolean_top_values,
    top_values_of,
)
from hagane.types import SqlType

Floats = npt.NDArray[np.float64]


def measure_array(name: str, values: pa.Array[Any]) -> ColumnStatistics:
    """Of FLOAT64, INT64, BOOL or STRING values, by dictionary or not: what `measure_statistics` says of them.

    Only the sketch of distinct values is left out: it hashes as the engine does. Raises KeyError for other types.

    >>> found = measure_array("age", pa.array([20.0, None, 30.0]))
    >>> found.count, found.num_nulls, found.mean, found.num_distinct
    (2, 1, 25.0, 2)
    """
    kinds = {"double": _numbers, "int64": _numbers, "bool": _truths, "string": _texts}
    values = values.dictionary_encode() if pa.types.is_string(values.type) else values
    kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
    return kinds[str(kind)](name, values)


def _numbers(name: str, values: pa.Array[Any]) -> ColumnStatistics:
    is_float = pa.types.is_floating(values.type)
    present = values.drop_null().to_numpy(zero_copy_only=False)
    missing = np.isnan(present) if is_float else np.zeros(len(present), np.bool_)
    known = present[~missing]
    finite = np.sort(known[np.isfinite(known)])
    floats = finite.astype(np.float64)
    frequent = None if is_float else _frequent_integers(finite)
    return ColumnStatistics(
        name=name,
        type=SqlType.FLOAT64 if is_float else SqlType.INT64,
        count=len(known),
        num_nulls=len(values) - len(known),
        num_nans=int(missing.sum()),
        num_infinite=len(known) - len(finite),
        num_zeros=int(np.count_nonzero(known == 0)),
        num_distinct=len(np.unique(known)),
        min=finite[0].item() if len(finite) else None,
        max=finite[-1].item() if len(finite) else None,
        mean=_finite(float(floats.mean())) if len(floats) else None,
        stddev=_finite(float(floats.std(ddof=1))) if len(floats) > 1 else None,
        quantiles=_quantiles(floats),
        quantile_sketch=QuantileSketch.of(floats, len(floats)),
        frequent_sketch=frequent,
        top_values=() if frequent is None else top_values_of(frequent, SqlType.INT64),
    )


def _truths(name: str, values: pa.Array[Any]) -> ColumnStatistics:
    count, num_true = len(values) - values.null_count, int(values.true_count)
    return ColumnStatistics(
        name=name,
        type=SqlType.BOOL,
        count=count,
        num_nulls=values.null_count,
        num_true=num_true,
        num_false=count - num_true,
        num_distinct=bool(num_true) + bool(count - num_true),
        top_values=boolean_top_values(num_true, count - num_true),
    )


def _texts(name: str, values: pa.Array[Any]) -> ColumnStatistics:
    codes = values.indices.drop_null().to_numpy(zero_copy_only=False)
    rows = np.bincount(codes, minlength=len(values.dictionary))
    there = np.flatnonzero(rows)
    texts = [str(values.dictionary[int(place)].as_py()) for place in there]
    frequent = _frequent(texts, rows[there])
    lengths = sum(len(text) * int(count) for text, count in zip(texts, rows[there], strict=True))
    return ColumnStatistics(
        name=name,
        type=SqlType.STRING,
        count=len(codes),
        num_nulls=len(values) - len(codes),
        num_distinct=len(there),
        min=min(texts, default=None),
        max=max(texts, default=None),
        mean_length=lengths / len(codes) if len(codes) else None,
        frequent_sketch=frequent,
        top_values=top_values_of(frequent, SqlType.STRING),
    )


def _frequent_integers(ordered: npt.NDArray[Any]) -> FrequentSketch:
    found, counts = np.unique(ordered, return_counts=True)
    return _frequent([str(value) for value in found], counts)


def _frequent(texts: list[str], rows: npt.NDArray[Any]) -> FrequentSketch:
    """The most frequent values; none that occurs once, unless every value finds room."""
    counts = [(text, int(count)) for text, count in zip(texts, rows, strict=True)]
    if len(counts) <= capacity(LOG_SIZE):
        return FrequentSketch.of(counts)
    ranked = sorted(counts, key=lambda pair: -pair[1])
    kept = [pair for pair in ranked[: capacity(LOG_SIZE)] if pair[1] > 1]
    return FrequentSketch.of(kept, unlisted=ranked[len(kept)][1])


def _quantiles(ordered: Floats) -> tuple[Quantile, ...]:
    """By nearest rank."""
    if not len(ordered):
        return ()
    places = (max(0, math.ceil(fraction * len(ordered)) - 1) for fraction in QUANTILE_FRACTIONS)
    return tuple(Quantile(f, float(ordered[place])) for f, place in zip(QUANTILE_FRACTIONS, places, strict=True))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
