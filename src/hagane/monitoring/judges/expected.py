"""`judge_expected`: how good the answers are to be expected, beside what the model's own evaluation promised."""

from __future__ import annotations

from collections.abc import Iterator

from hagane.monitoring.finding import Finding
from hagane.monitoring.quality.compare_estimate import Compared, compare_estimate
from hagane.monitoring.quality.evaluated import EvaluatedRows
from hagane.monitoring.quality.expected_quality import ExpectedQuality, method_of
from hagane.monitoring.quality.expected_several import ExpectedSeveral
from hagane.monitoring.reference import Reference
from hagane.monitoring.window_summary import WindowSummary
from hagane.spec.monitoring import Monitoring
from hagane.spec.quality import Quality

CALIBRATION_ERROR = "expected_calibration_error"
JUDGED = ("accuracy", "root_mean_squared_error", "mean_absolute_error")
"""What an estimate can be held to. Of a classifier that is accuracy alone: where probabilities do not mean what they
say, expected and true accuracy lie apart by no more than the calibration error, which the evaluation has measured."""


def judge_expected(summary: WindowSummary, reference: Reference, monitoring: Monitoring) -> Iterator[Finding]:
    """Each metric that can be estimated; `expected_accuracy` and the errors of numbers are judged, others shown."""
    expected, evaluated = summary.expected, reference.evaluated
    if expected is None or evaluated is None:
        return
    enough = summary.num_rows >= monitoring.min_rows and evaluated.is_held_out
    labels = expected.each if isinstance(expected, ExpectedSeveral) else {"": expected}
    for label, one in labels.items():
        base = evaluated.find(label)
        if base is not None:
            yield from _of_label(label, one, base, summary.num_rows, monitoring.quality, is_judged=enough)


def _of_label(
    label: str, expected: ExpectedQuality, base: EvaluatedRows, num_rows: int, asked: Quality, *, is_judged: bool
) -> Iterator[Finding]:
    for name, estimate in expected.metrics().items():
        if name in base.metrics:
            known = name != "accuracy" or CALIBRATION_ERROR in base.metrics
            against = Compared(
                value=base.metrics[name],
                num_rows=base.num_rows,
                tolerance=base.metrics.get(CALIBRATION_ERROR, 0.0) if name == "accuracy" else 0.0,
            )
            yield compare_estimate(
                name, estimate, against, asked, prefix="expected_", label=label, measure=method_of(expected),
                num_rows=num_rows, num_effective=float(expected.num_seen),
                is_judged=is_judged and known and name in JUDGED,
            )  # fmt: skip
