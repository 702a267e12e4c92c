"""The area under the receiver operating characteristic."""

from __future__ import annotations

import numpy as np

from hagane.metrics.ranked_counts import RankedCounts, ranked_counts
from hagane.metrics.undefined import Floats, Ints, Undefined, Value


def roc_auc(ranked: RankedCounts) -> Value:
    """The share of (positive, negative) pairs that the scores order rightly; a tie counts half.

    Equal to the Mann-Whitney U statistic / (P N), and to the trapezoids under the curve (Hanley and McNeil, 1982).
    Summed in whole numbers, hence exact up to the last division.

    >>> from hagane.metrics.ranked_counts import ranked_counts
    >>> roc_auc(ranked_counts(np.array([True, False, True]), np.array([0.9, 0.5, 0.5])))
    0.75
    """
    if not ranked.num_positives or not ranked.num_negatives:
        return Undefined(
            "every label is the same" if ranked.num_positives + ranked.num_negatives else "there are no rows"
        )
    tp, fp = ranked.true_positives, ranked.false_positives
    twice_area = np.sum(np.diff(fp, prepend=0) * (tp + np.concatenate(([0], tp[:-1]))))
    return float(twice_area) / (2.0 * ranked.num_positives * ranked.num_negatives)


def one_vs_rest_roc_auc(labels: Ints, scores: Floats) -> list[Value]:
    """ROC AUC of each class against all others: `labels` [n] class indices, `scores` [n, c].

    >>> one_vs_rest_roc_auc(np.array([0, 1]), np.array([[0.8, 0.2], [0.3, 0.7]]))
    [1.0, 1.0]
    """
    return [roc_auc(ranked_counts(labels == index, scores[:, index])) for index in range(scores.shape[1])]


def macro_roc_auc(labels: Ints, scores: Floats) -> Value:
    """The plain mean of one-vs-rest ROC AUC (Provost and Domingos, 2000), over the classes for which it is defined.

    scikit-learn's `roc_auc_score(multi_class="ovr", average="macro")` where every class occurs; it refuses otherwise.
    """
    return macro_mean(one_vs_rest_roc_auc(labels, scores))


def macro_mean(values: list[Value]) -> Value:
    """The mean of the values that are defined.

    >>> macro_mean([0.5, Undefined("no such label"), 1.0])
    0.75
    """
    defined = [value for value in values if not isinstance(value, Undefined)]
    if defined:
        return float(np.mean(defined))
    return values[0] if values else Undefined("there are no classes")
