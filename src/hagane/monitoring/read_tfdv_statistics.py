"""`read_tfdv_statistics`: distributions out of TensorFlow Data Validation's statistics, whoever made them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hagane.errors import DataError, Fault
from hagane.monitoring.distribution import Bucket, Categories, Distribution, Histogram


def read_tfdv_statistics(text: str) -> dict[str, Distribution]:
    """Feature → its distribution: counts by rank of text, the standard histogram of numbers.

    `text` is the JSON of a `DatasetFeatureStatisticsList`; fields may be called as in the .proto file or in camelCase,
    as protocol buffers allow. Of several datasets the first is read. Raises DataError for what is no such message.

    >>> stats = '{"datasets": [{"features": [{"name": "job", "stringStats": {"rankHistogram": {"buckets": '
    >>> read_tfdv_statistics(stats + '[{"label": "nurse", "sampleCount": 2}]}}}]}]}')
    {'job': Categories(counts={'nurse': 2.0})}
    """
    try:
        return _distributions(json.loads(text))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise DataError(
            Fault(
                what="the statistics cannot be read",
                expected="a DatasetFeatureStatisticsList in JSON, as ML.TFDV_DESCRIBE gives it",
                received=text[:60] + ("…" if len(text) > 60 else ""),
            )
        ) from None


def _distributions(message: Mapping[str, Any]) -> dict[str, Distribution]:
    datasets = message.get("datasets") or [{}]
    found: dict[str, Distribution] = {}
    for feature in datasets[0].get("features") or []:
        path = feature.get("path", {}).get("step", [])
        name = feature["name"] if "name" in feature else ".".join(path)
        text, numbers = _get(feature, "string_stats"), _get(feature, "num_stats")
        if text is not None:
            found[name] = _read_categories(text)
        elif numbers is not None:
            found[name] = _read_histogram(numbers)
    return found


def _read_categories(text: Mapping[str, Any]) -> Categories:
    ranks = (_get(text, "rank_histogram") or {}).get("buckets") or []
    counted = [(bucket.get("label", ""), float(_get(bucket, "sample_count") or 0)) for bucket in ranks]
    if not counted:
        listed = _get(text, "top_values") or []
        counted = [(each.get("value", ""), float(each.get("frequency", 0))) for each in listed]
    return Categories({str(label): count for label, count in counted if count > 0})


def _read_histogram(numbers: Mapping[str, Any]) -> Histogram:
    standard = [each for each in numbers.get("histograms") or [] if each.get("type", "STANDARD") in ("STANDARD", 0)]
    if not standard:
        return Histogram(())
    buckets = []
    for bucket in standard[0].get("buckets") or []:
        low, high, count = (_get(bucket, name) or 0.0 for name in ("low_value", "high_value", "sample_count"))
        buckets.append(Bucket(float(low), float(high), float(count)))
    return Histogram(tuple(buckets))


def _get(message: Mapping[str, Any], name: str) -> Any:
    first, *rest = name.split("_")
    return message.get(name, message.get(first + "".join(word.title() for word in rest)))
