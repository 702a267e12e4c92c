"""`foretold_share`: how much of a slice lies where the drifted column alone would have put it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.float64]


def foretold_share(taken: Counts, window: Counts, before: Counts, control: Counts) -> float:
    """The part of a slice's rows that follow from the drifted column, by how the two went together before, 0 to 1.

    All [k], by the bucket of the drifted column: the slice's rows and all of the window's, and both of rows from before
    the drift. What follows from a column has the same part of each of its buckets as ever, however many rows lie there
    now: its rows moved since that column did, and are not why. A cause has not: where its rows have gone it was
    never seen, or not so often.

    >>> before, control = np.array([0., 0., 50., 100.]), np.array([100., 100., 100., 100.])
    >>> window = np.array([50., 50., 100., 200.])
    >>> foretold_share(np.array([0., 0., 50., 200.]), window, before, control) > 0.99  # dear = fare > 30
    True
    >>> foretold_share(np.array([0., 0., 0., 150.]), window, before, control)
    1.0
    >>> round(foretold_share(np.array([40., 40., 20., 20.]), window, before, control), 2)  # they came to be cheap
    0.34
    """
    overall = before.sum() / max(control.sum(), 1.0)
    part = (before + overall) / (control + 1)  # with one more row, as the slice has them on average
    return float(np.minimum(window * part, taken).sum() / taken.sum())
