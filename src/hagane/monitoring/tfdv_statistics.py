"""`tfdv_statistics`: statistics as TensorFlow Data Validation's `DatasetFeatureStatisticsList`, in JSON."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hagane.monitoring.distribution import Histogram
from hagane.monitoring.feature_statistics import (
    ArrayStatistics,
    FeatureStatistics,
    NumberStatistics,
    TextStatistics,
)

NUM_TOP_VALUES = 20
"""Values that are listed besides the histogram of ranks."""


def tfdv_statistics(num_rows: int, features: Sequence[FeatureStatistics], *, num_ranks: int = 50) -> dict[str, Any]:
    """The message (tensorflow/metadata, statistics.proto) as JSON: fields called as in the .proto file, int64 as text.

    As in every message of proto3, what is zero or the first of an enumeration is left out. `Detail.num_quantiles` are
    the quantile histogram's buckets; the histogram of ranks has at most `num_ranks`.

    >>> tfdv_statistics(2, [])
    {'datasets': [{'num_examples': '2'}]}
    """
    dataset = {
        "num_examples": str(num_rows) if num_rows else None,
        "features": [_feature(each, num_ranks) for each in features],
    }
    return {"datasets": [_filled(dataset)]}


def _feature(feature: FeatureStatistics, num_ranks: int) -> dict[str, Any]:
    if feature.text is not None:
        stats: dict[str, Any] = {"type": "STRING", "string_stats": _text(feature, feature.text, num_ranks)}
    else:
        assert feature.numbers is not None
        stats = {"type": None if feature.is_integer else "FLOAT", "num_stats": _numbers(feature, feature.numbers)}
    return _filled({"name": feature.name, **stats})


def _common(feature: FeatureStatistics) -> dict[str, Any]:
    """`common_stats`: how many rows have values, and how many values a row has."""
    num_present = feature.num_rows - feature.num_nulls
    arrays = feature.arrays
    if arrays is None:
        one = min(1, num_present)
        arrays = ArrayStatistics(
            num_arrays=num_present,
            min_length=one,
            max_length=one,
            mean_length=float(one),
            total_length=num_present,
            length_quantiles=(1,) * 11 if num_present else (),
            dimension=None,
        )
    return _filled(
        {
            "num_non_missing": _int64(num_present),
            "num_missing": _int64(feature.num_nulls),
            "min_num_values": _int64(arrays.min_length),
            "max_num_values": _int64(arrays.max_length),
            "avg_num_values": arrays.mean_length,
            "tot_num_values": _int64(arrays.total_length),
            "num_values_histogram": _quantile_histogram(arrays.length_quantiles, num_present),
        }
    )


def _numbers(feature: FeatureStatistics, numbers: NumberStatistics) -> dict[str, Any]:
    n = feature.num_values
    spread = None if numbers.stddev is None else numbers.stddev * math.sqrt((n - 1) / n)  # of all values, as it has it
    standard = {} if numbers.histogram is None else {"buckets": _buckets(numbers.histogram)}
    quantiles = _quantile_histogram(numbers.quantiles, n)
    return _filled(
        {
            "common_stats": _common(feature),
            "mean": numbers.mean,
            "std_dev": spread,
            "num_zeros": _int64(numbers.num_zeros),
            "min": _number(numbers.min),
            "median": _number(numbers.median),
            "max": _number(numbers.max),
            "histograms": [histogram for histogram in (standard, quantiles) if histogram],
        }
    )


def _text(feature: FeatureStatistics, text: TextStatistics, num_ranks: int) -> dict[str, Any]:
    ranks = [
        _filled({"low_rank": _int64(rank), "high_rank": _int64(rank), "label": value, "sample_count": float(count)})
        for rank, (value, count) in enumerate(text.top_values[:num_ranks])
    ]
    top = [{"value": value, "frequency": float(count)} for value, count in text.top_values[:NUM_TOP_VALUES]]
    return _filled(
        {
            "common_stats": _common(feature),
            "unique": _int64(text.num_distinct),
            "top_values": top,
            "avg_length": text.mean_length,
            "rank_histogram": {"buckets": ranks} if ranks else None,
        }
    )


def _quantile_histogram(quantiles: Sequence[float], num_values: int) -> dict[str, Any]:
    """Buckets with the same number of values each."""
    if not quantiles:
        return {}
    share = num_values / (len(quantiles) - 1)
    buckets = [_bucket(float(low), float(high), share) for low, high in itertools.pairwise(quantiles)]
    return {"buckets": buckets, "type": "QUANTILES"}


def _buckets(histogram: Histogram) -> list[dict[str, Any]]:
    return [_bucket(bucket.low, bucket.high, bucket.count) for bucket in histogram.buckets]


def _bucket(low: float, high: float, count: float) -> dict[str, Any]:
    return _filled({"low_value": _number(low), "high_value": _number(high), "sample_count": count})


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, 0, [], {})}


def _int64(value: int | None) -> str | None:
    return str(value) if value else None


def _number(value: float | None) -> float | str | None:
    """JSON knows no infinities; the mapping of protocol buffers writes them as text."""
    if value is None or math.isfinite(value):
        return value
    return "Infinity" if value > 0 else "-Infinity"
