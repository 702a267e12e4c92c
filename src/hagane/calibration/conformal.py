"""Split-conformal prediction: how far bounds must be moved so that new labels lie between them often enough.

Let E_i be by how much the label of held-out row i lies outside its bounds (negative inside). With m the
⌈(n + 1) level⌉-th smallest of the n E_i, a new row drawn like these lies within the bounds moved outwards by m with
probability at least `level`, whatever the model and the distribution (Lei, G'Sell, Rinaldo, Tibshirani and Wasserman
2018, "Distribution-free predictive inference for regression", theorem 2.2; for bounds that are quantiles Romano,
Patterson and Candès 2019, "Conformalized quantile regression", theorem 1).
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from hagane.calibration.calibrator import Doubles
from hagane.errors import Fault, TrainingError


def conformal_margin(labels: Doubles, lower: Doubles, upper: Doubles, level: float) -> float:
    """By how much the bounds [n] are to be moved outwards (inwards where negative), for `labels` [n].

    Raises TrainingError where there are too few rows for the level.

    >>> conformal_margin(np.arange(19.0), np.zeros(19), np.zeros(19), 0.9)  # the 18th smallest of 0 … 18
    17.0
    """
    outside = np.maximum(lower - labels, labels - upper)
    rank = _rank(len(outside), level)
    if rank > len(outside):
        raise TrainingError(_too_few(len(outside), level))
    return float(np.partition(outside, rank - 1)[rank - 1])


def fewest_rows(level: float) -> int:
    """How many held-out rows a level needs: the least n with ⌈(n + 1) level⌉ <= n.

    >>> fewest_rows(0.9), fewest_rows(0.95), fewest_rows(0.5)
    (9, 19, 1)
    """
    least = max(1, math.floor(level / (1.0 - level)) - 1)
    return next(n for n in itertools.count(least) if _rank(n, level) <= n)


def _rank(num_rows: int, level: float) -> int:
    """⌈(n + 1) level⌉; what is a whole number but for rounding counts as one."""
    return math.ceil((num_rows + 1) * level - 1e-9)


def _too_few(num_rows: int, level: float) -> Fault:
    return Fault(
        what=f"there are too few eval rows for prediction intervals of level {level:g}",
        where="intervals.level",
        expected=f"at least {fewest_rows(level):,} eval rows",
        received=f"{num_rows:,}",
        next_step="give split.eval_fraction a larger share, or lower the level",
    )
