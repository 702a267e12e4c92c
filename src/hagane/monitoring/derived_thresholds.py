"""`derived_thresholds`: from where on a column lies farther off than it usually does."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from hagane.monitoring.window_findings import WindowFindings

LEAST_WINDOWS = 5
"""From fewer nothing is derived: their deviation says too little."""
NUM_DEVIATIONS = 3.0
DISTANCES = frozenset({"input", "prediction", "feature", "attribution"})


def derived_thresholds(windows: Iterable[WindowFindings]) -> Mapping[str, float]:
    """Place → mean and three standard deviations of what the judged ones of these windows say of it.

    m windows know their own mean and deviation only so well, so the limit is that of the next one: Student's quantile
    of m - 1 degrees of freedom at the same probability (99.87 %) times √(1 + 1 / m) (Hahn and Meeker, Statistical
    Intervals, 1991); of many windows that is 3. A place with fewer than `LEAST_WINDOWS` values has none, nor has one
    that is infinitely far.
    """
    values: dict[str, list[float]] = {}
    for window in windows:
        for finding in window.findings:
            if finding.of in DISTANCES and finding.is_judged:
                values.setdefault(finding.place, []).append(finding.value)
    return {
        place: _limit(np.array(each))
        for place, each in values.items()
        if len(each) >= LEAST_WINDOWS and all(map(math.isfinite, each))
    }


def _limit(values: np.ndarray) -> float:
    from scipy.stats import norm, t

    count = len(values)
    width = float(t.ppf(norm.cdf(NUM_DEVIATIONS), count - 1)) * math.sqrt(1 + 1 / count)
    return float(values.mean() + width * values.std(ddof=1))
