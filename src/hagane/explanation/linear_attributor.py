"""`LinearAttributor`: exact weights times what sets a row apart from the baseline row.

The explained columns of a linear model are its terms: what each feature adds to each raw score, [n, f · c], a feature's
c terms side by side.
"""

from __future__ import annotations

import numpy as np

from hagane.explanation.attributor import Attributed, Floats


class LinearAttributor:
    """Of raw score `output` of `num_raw`, whose terms follow `intercept`.

    >>> linear = LinearAttributor(1, 2, intercept=10.0)
    >>> found = linear.attribute(np.array([[1.0, 2.0, 3.0, 4.0]]), np.array([0.0, 0.5, 0.0, 0.0]))
    >>> found.attributions.tolist(), found.baseline.tolist()
    ([[0.0, 1.5, 0.0, 4.0]], [10.5])
    """

    uses_baseline_row = True

    def __init__(self, output: int, num_raw: int, *, intercept: float) -> None:
        self._terms = slice(output, None, num_raw)
        self._intercept = intercept

    def attribute(self, columns: Floats, baseline: Floats) -> Attributed:
        """Exact: the difference of the terms."""
        found = np.zeros(columns.shape)
        found[:, self._terms] = columns[:, self._terms] - baseline[self._terms]
        return Attributed(found, np.full(len(columns), self._intercept + baseline[self._terms].sum()))

    def scores(self, columns: Floats) -> Floats:
        """The terms' sums."""
        summed: Floats = columns[:, self._terms].sum(axis=1) + self._intercept
        return summed
