"""`compare_estimate`: a metric of a window as a finding, beside what the evaluation had."""

from __future__ import annotations

import math

import msgspec

from hagane.monitoring.finding import MARGIN, Finding
from hagane.monitoring.quality.estimate import Estimate
from hagane.number_text import brief_text
from hagane.spec.quality import Quality

HIGHER_IS_BETTER = ("roc_auc", "pr_auc", "accuracy", "precision", "recall", "f1_score", "r2_score")


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """What a metric is held against."""

    value: float
    num_rows: float
    """Over how many rows it was measured: they scatter as those of the window do."""
    tolerance: float = 0.0
    """By how much more the figure may lie off, beside what was asked for."""


def compare_estimate(
    metric: str,
    estimate: Estimate,
    against: Compared,
    asked: Quality,
    *,
    measure: str,
    num_rows: int,
    num_effective: float,
    is_judged: bool,
    label: str = "",
    slice: str = "",
    prefix: str = "",
) -> Finding:
    """Worse beyond noise: below what was asked for by more than the window's own scatter and the evaluation's.

    >>> found = compare_estimate("accuracy", Estimate(0.7, 0.68, 0.72), Compared(value=0.9, num_rows=1000), Quality(),
    ...                          measure="labels", num_rows=2000, num_effective=2000.0, is_judged=True)
    >>> found.is_anomaly, round(found.threshold, 6)
    (True, 0.81)
    """
    is_higher = metric in HIGHER_IS_BETTER
    sign = 1.0 if is_higher else -1.0
    worst = asked.worst(metric, against.value, higher_is_better=is_higher) - sign * against.tolerance
    noise = (estimate.high - estimate.value) if is_higher else (estimate.value - estimate.low)
    noise *= math.sqrt(1 + num_effective / against.num_rows) if against.num_rows else math.inf
    back = against.value + MARGIN * (worst - against.value)
    return Finding(
        of="quality",
        name=f"{prefix}{metric}" + (f" of {label}" if label else ""),
        slice=slice,
        measure=measure,
        value=estimate.value,
        threshold=worst,
        is_anomaly=sign * (worst - estimate.value) > noise,
        is_back=sign * (estimate.value - back) > 0,
        is_judged=is_judged,
        num_rows=num_rows,
        low=estimate.low,
        high=estimate.high,
        change=f"evaluation {brief_text(against.value)} → {brief_text(estimate.value)}",
    )
