"""`macro_means`: precision, recall and F1 as plain means over classes, with intervals."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hagane.monitoring.quality.estimate import Estimate

Floats = npt.NDArray[np.float64]
SHARES = {"precision": (0.0, 1.0), "recall": (1.0, 0.0), "f1_score": (0.5, 0.5)}
"""Metric → what of its denominator are labels, and what answers."""


def macro_means(
    counts: Floats, scatter: Floats, *, answers_are_known: bool = False, unit: float = 0.0
) -> dict[str, Estimate]:
    """Of a confusion matrix [c, c] (rows: labels, columns: answers) and the variance of each of its cells [c, c].

    Over the classes that occur as label or answer, 0/0 counting as 0: scikit-learn's rule. Intervals by the delta
    method, the cells being as good as independent Poisson counts: each metric is a ratio, so that their total is no
    matter. Where the answers are known and the labels are not, only labels scatter: less the variance of the mean.
    With `unit`, what one row counts, intervals are those of two more hits and two more misses of each class: of a class
    with few rows all may be hits, which says little (Agresti and Coull, Approximate Is Better than "Exact" for Interval
    Estimation of Binomial Proportions, 1998).

    >>> found = macro_means(np.array([[1.0, 0.0], [1.0, 1.0]]), np.zeros((2, 2)))
    >>> round(found["f1_score"].value, 4)
    0.6667
    """
    hits, labels, answers = np.diagonal(counts), counts.sum(axis=1), counts.sum(axis=0)
    occurs = max(1, int(np.count_nonzero(labels + answers)))
    more = _more(labels + answers > 0, unit)
    smooth, scatter = counts + more, scatter + more * unit
    found = {}
    for name, (by_label, by_answer) in SHARES.items():
        ratio = _divide(hits, by_label * labels + by_answer * answers)
        total = by_label * smooth.sum(axis=1) + by_answer * smooth.sum(axis=0)
        slope = _divide(_divide(np.diagonal(smooth), total), total)
        gradient = -by_label * slope[:, None] - by_answer * slope[None, :]
        gradient[np.diag_indices(len(hits))] += _divide(np.ones(len(hits)), total)
        variance = (gradient**2 * scatter).sum(axis=0)
        if answers_are_known:
            variance -= _divide((gradient * scatter).sum(axis=0) ** 2, scatter.sum(axis=0))
        error = math.sqrt(max(0.0, float(variance.sum()))) / occurs
        found[name] = Estimate.around(float(ratio.sum()) / occurs, error, least=0.0, most=1.0)
    return found


def _divide(above: Floats, below: Floats) -> Floats:
    """0/0 is 0."""
    return np.divide(above, below, out=np.zeros(len(above)), where=below > 0)


def _more(occurs: npt.NDArray[np.bool_], unit: float) -> Floats:
    """[c, c] two hits and two misses of each class that there is."""
    num_others = max(1, int(np.count_nonzero(occurs)) - 1)
    more = np.where(np.eye(len(occurs), dtype=bool), 2.0, 2.0 / num_others)
    return np.asarray(unit * more * occurs[:, None] * occurs[None, :])
