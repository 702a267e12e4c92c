"""Names of buckets: the one place that spells them, for ML.BUCKETIZE and ML.QUANTILE_BUCKETIZE, graph and DuckDB."""

from __future__ import annotations

import itertools
from collections.abc import Sequence


def inner_points(points: Sequence[float], exclude_boundaries: bool) -> tuple[float, ...]:
    """The points that separate buckets: all, or all but the first and the last.

    >>> inner_points((0.0, 1.0, 2.0, 3.0), True)
    (1.0, 2.0)
    """
    return tuple(points[1:-1] if exclude_boundaries else points)


def bucket_names(points: Sequence[float], format: str = "bucket_names") -> tuple[str, ...]:
    """Names of the `len(points) + 1` buckets that ascending `points` separate; bucket k holds x with k points <= x.

    >>> bucket_names((2.0, 3.5))
    ('bin_1', 'bin_2', 'bin_3')
    >>> bucket_names((2.0, 3.5), "bucket_ranges")
    ('(-inf, 2)', '[2, 3.5)', '[3.5, +inf)')
    >>> bucket_names((2.0,), "bucket_ranges_json")
    ('{"start": "-Infinity", "end": "2"}', '{"start": "2", "end": "Infinity"}')
    """
    if format == "bucket_names":
        return tuple(f"bin_{number}" for number in range(1, len(points) + 2))
    if format == "bucket_ranges_json":
        ends = ["-Infinity", *map(_number, points), "Infinity"]
        return tuple(f'{{"start": "{low}", "end": "{high}"}}' for low, high in itertools.pairwise(ends))
    if not points:
        return ("(-inf, +inf)",)
    texts = [_number(point) for point in points]
    between = [f"[{low}, {high})" for low, high in itertools.pairwise(texts)]
    return (f"(-inf, {texts[0]})", *between, f"[{texts[-1]}, +inf)")


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
