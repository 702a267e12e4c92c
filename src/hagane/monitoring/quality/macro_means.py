"""`macro_means`: precision, recall and F1 as plain means over classes, with intervals."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hagane.monitoring.quality.estimate import Estimate

Floats = npt.NDArray[np.float64]


def macro_means(counts: Floats, scatter: Floats, *, answers_are_known: bool = False) -> dict[str, Estimate]:
    """Of a confusion matrix [c, c] (rows: labels, columns: answers) and the variance of each of its cells [c, c].

    Over the classes that occur as label or answer, 0/0 counting as 0: scikit-learn's rule. Intervals by the delta
    method, the cells being as good as independent Poisson counts: each metric is a ratio, so that their total is no
    matter. Where the answers are known and the labels are not, only labels scatter: less the variance of the mean.

    >>> found = macro_means(np.array([[1.0, 0.0], [1.0, 1.0]]), np.zeros((2, 2)))
    >>> round(found["f1_score"].value, 4)
    0.6667
    """
    hits, labels, answers = np.diagonal(counts), counts.sum(axis=1), counts.sum(axis=0)
    occurs = max(1, int(np.count_nonzero(labels + answers)))
    under = {"precision": answers, "recall": labels, "f1_score": (labels + answers) / 2}
    share = {"precision": (0.0, 1.0), "recall": (1.0, 0.0), "f1_score": (0.5, 0.5)}
    found = {}
    for name, total in under.items():
        ratio = np.divide(hits, total, out=np.zeros(len(hits)), where=total > 0)
        slope = np.divide(ratio, total, out=np.zeros(len(hits)), where=total > 0)
        by_label, by_answer = share[name]
        gradient = -by_label * slope[:, None] - by_answer * slope[None, :]
        gradient[np.diag_indices(len(hits))] += np.divide(1.0, total, out=np.zeros(len(hits)), where=total > 0)
        variance = (gradient**2 * scatter).sum(axis=0)
        if answers_are_known:
            all_rows = scatter.sum(axis=0)
            means = (gradient * scatter).sum(axis=0)
            variance -= np.divide(means**2, all_rows, out=np.zeros(len(hits)), where=all_rows > 0)
        error = math.sqrt(max(0.0, float(variance.sum()))) / occurs
        found[name] = Estimate.around(float(ratio.sum()) / occurs, error, least=0.0, most=1.0)
    return found
