"""What an evaluation that was stored still knows of its thresholds: `stored_thresholds`, `at_threshold`."""

from __future__ import annotations

from hagane.evaluation.evaluation import Evaluation, ThresholdMetrics
from hagane.evaluation.measure import number
from hagane.metrics.binary_counts import BinaryCounts


def at_threshold(evaluation: Evaluation, threshold: float) -> ThresholdMetrics | None:
    """What `threshold` gives on the rows of the evaluation; None where that was not kept.

    The table of thresholds was, and all of them where the stored curve was not thinned out.
    """
    listed = next((each for each in evaluation.threshold_table if each.threshold == threshold), None)
    if listed is not None:
        return listed
    points = stored_thresholds(evaluation)
    exact = next((each for each in points if each.threshold == threshold), None)
    if exact is not None or evaluation.roc_curve is None or evaluation.roc_curve.num_points != len(points) + 1:
        return exact
    called = [each for each in points if each.threshold >= threshold]
    hits, false = (called[-1].true_positives, called[-1].false_positives) if called else (0, 0)
    positives, negatives = _totals(evaluation)
    return counted_at(threshold, BinaryCounts(hits, false, negatives - false, positives - hits))


def stored_thresholds(evaluation: Evaluation) -> list[ThresholdMetrics]:
    """The points of the stored ROC curve with their counts, falling thresholds; none where there is no curve."""
    curve = evaluation.roc_curve
    if curve is None:
        return []
    positives, negatives = _totals(evaluation)
    found = []
    for x, y, threshold in zip(curve.x, curve.y, curve.thresholds, strict=True):
        if threshold is not None:
            hits, false = round(y * positives), round(x * negatives)
            found.append(counted_at(threshold, BinaryCounts(hits, false, negatives - false, positives - hits)))
    return found


def counted_at(threshold: float, counts: BinaryCounts) -> ThresholdMetrics:
    """The counts and what is made of them.

    >>> counted_at(0.5, BinaryCounts(42, 486, 27969, 5)).recall
    0.8936170212765957
    """
    return ThresholdMetrics(
        threshold=float(threshold),
        true_positives=counts.true_positives,
        false_positives=counts.false_positives,
        true_negatives=counts.true_negatives,
        false_negatives=counts.false_negatives,
        precision=number(counts.precision),
        recall=number(counts.recall),
        f1_score=number(counts.f1_score),
        accuracy=number(counts.accuracy),
        false_positive_rate=number(counts.false_positive_rate),
    )


def _totals(evaluation: Evaluation) -> tuple[int, int]:
    """Positive and negative rows."""
    negative, positive = evaluation.confusion_matrix
    return sum(positive), sum(negative)
