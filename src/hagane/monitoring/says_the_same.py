"""`says_the_same`: whether one column is another in other words."""

from __future__ import annotations

from hagane.monitoring.explaining_slice import Counts
from hagane.monitoring.uncertainty_coefficient import uncertainty_coefficient

MOST_TOLD, MOST_TOLD_IN_WINDOW = 0.3, 0.8
"""In the window itself the drift may be what ties the two, so there it has to be more."""


def says_the_same(window: Counts, control: Counts | None) -> bool:
    """Whether the other column tells so much of the drifted one that a slice of it would be one of that one itself.

    [k, m]: rows of the window, and from before the drift, by the drifted column's bucket and the other one's.

    >>> import numpy as np
    >>> says_the_same(np.eye(5) * 100, None), says_the_same(np.eye(5) * 100, np.ones((5, 5)) * 20)
    (True, False)
    """
    if control is not None:
        return uncertainty_coefficient(control) > MOST_TOLD
    return uncertainty_coefficient(window) > MOST_TOLD_IN_WINDOW
