"""`schema_share`: a share of a window's rows beside what is allowed."""

from __future__ import annotations

import math

from hagane.monitoring.finding import Finding

DEVIATIONS = 4.0
"""Of what a share of so many rows shows by chance: one look in thirty thousand is wrong where nothing has changed."""


def schema_share(
    name: str,
    measure: str,
    share: float,
    *,
    allowed: float,
    num_rows: int,
    num_before: int = 0,
    min_rows: int,
    change: str = "",
) -> Finding:
    """Wrong where the share is more than is allowed, and than luck brings.

    `num_before` are the rows on which a part of `allowed` was measured: that has its chance, too (0: it is certain).
    What is above its threshold in fewer than `min_rows` rows is shown, and not judged.

    >>> found = schema_share("fare", "OUT_OF_RANGE", 0.05, allowed=0.01, num_rows=400, min_rows=100)
    >>> round(found.threshold, 4), found.is_anomaly
    (0.0299, True)
    """
    limit = min(1.0, allowed)
    sizes = [size for size in (num_rows, num_before) if size]
    threshold = limit + DEVIATIONS * math.sqrt(limit * (1 - limit) * sum(1 / size for size in sizes))
    return Finding.of_distance("schema", name, measure=measure, value=share, threshold=min(1.0, threshold),
                               num_rows=num_rows, is_judged=num_rows >= min_rows,
                               change=change if share else "")  # fmt: skip
