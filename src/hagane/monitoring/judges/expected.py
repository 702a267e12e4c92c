"""`judge_expected`: how good the answers are to be expected, beside what the model's own evaluation promised."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.monitoring.finding import Finding
from hagane.monitoring.quality.compare_estimate import Compared, compare_estimate
from hagane.monitoring.quality.expected_quality import method_of
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.monitoring import Monitoring

CALIBRATION_ERROR = "expected_calibration_error"
JUDGED = ("accuracy", "root_mean_squared_error", "mean_absolute_error")
"""What an estimate can be held to. Of a classifier that is accuracy alone: where probabilities do not mean what they
say, expected and true accuracy lie apart by no more than the calibration error, which the evaluation has measured."""


def judge_expected(summary: WindowSummary, reference: Reference, monitoring: Monitoring) -> Iterator[Finding]:
    """Each metric that can be estimated; `expected_accuracy` and the errors of numbers are judged, others shown."""
    expected, evaluated = summary.expected, reference.evaluated
    base = evaluated.find("") if evaluated is not None else None
    if expected is None or evaluated is None or base is None:
        return
    enough = summary.num_rows >= monitoring.min_rows and evaluated.is_held_out
    for name, estimate in expected.metrics().items():
        if name in base.metrics:
            known = name != "accuracy" or CALIBRATION_ERROR in base.metrics
            against = Compared(
                value=base.metrics[name],
                num_rows=base.num_rows,
                tolerance=base.metrics.get(CALIBRATION_ERROR, 0.0) if name == "accuracy" else 0.0,
            )
            yield compare_estimate(
                name, estimate, against, monitoring.quality, prefix="expected_", measure=method_of(expected),
                num_rows=summary.num_rows, num_effective=float(expected.num_seen),
                is_judged=enough and known and name in JUDGED,
            )  # fmt: skip
