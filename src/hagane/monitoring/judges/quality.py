"""`judge_quality`: how good the answers were, beside what the model's own evaluation promised."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.monitoring.finding import Finding
from hagane.monitoring.quality.binary_quality import BinaryQuality
from hagane.monitoring.quality.compare_estimate import Compared, compare_estimate
from hagane.monitoring.quality.evaluated import Evaluated
from hagane.monitoring.quality.multiclass_quality import MulticlassQuality
from hagane.monitoring.quality.window_quality import SliceQuality, Sums
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.monitoring import Monitoring
from hagane.spec.quality import Quality

MEASURE = "labels"
LEAST_OF_A_CLASS = 10
LEAST_OF_A_SHARE = 30
"""Of five rows that were called positive the evaluation's precision is as much chance as the window's, and the window's
interval knows nothing of that: it is shown, and not judged."""
OF_SLICES = ("roc_auc", "accuracy", "mean_absolute_error")
"""The metrics by which slices are judged: each of them for all slices would be more than anybody reads."""


def judge_quality(summary: WindowSummary, reference: Reference, monitoring: Monitoring) -> Iterator[Finding]:
    """Each metric of the labelled rows; of slices a few."""
    if summary.quality is not None and reference.evaluated is not None:
        for one in summary.quality.each:
            yield from _of_rows(one, reference.evaluated, monitoring.quality)


def _of_rows(one: SliceQuality, evaluated: Evaluated, asked: Quality) -> Iterator[Finding]:
    known = evaluated.find(one.label, one.column, one.value) if one.is_known else None
    base = known or evaluated.find(one.label)
    if base is None:
        return
    enough = one.sums.num_labelled >= asked.min_rows and evaluated.is_held_out and known is not None
    for name, estimate in one.sums.metrics().items():
        if name not in base.metrics or (one.slice and name not in OF_SLICES):
            continue
        against = Compared(value=base.metrics[name], num_rows=base.num_rows)
        yield compare_estimate(
            name, estimate, against, asked,
            measure=MEASURE, label=one.label, slice=one.slice, num_rows=one.sums.num_labelled,
            num_effective=one.sums.num_effective, is_judged=enough and _is_of_enough(one.sums, name),
        )  # fmt: skip


def _is_of_enough(sums: Sums, metric: str) -> bool:
    """Means over classes say something once there are some rows of each; shares of two classes of the rows they are
    of."""
    if isinstance(sums, MulticlassQuality):
        return sums.num_of_rarest(metric) >= LEAST_OF_A_CLASS
    return not isinstance(sums, BinaryQuality) or sums.num_of(metric) >= LEAST_OF_A_SHARE
