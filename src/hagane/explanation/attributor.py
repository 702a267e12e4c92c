"""`Attributor`: a method of explaining one raw score by the columns that a model looks at."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Attributed(NamedTuple):
    """What n rows get."""

    attributions: Floats
    """[n, w] what each column adds to the raw score."""
    baseline: Floats
    """[n] the raw score that they are added to."""


class Attributor(Protocol):
    """Explains one raw score. Shapes: n rows, w columns."""

    uses_baseline_row: bool
    """Whether rows are compared with the baseline row; else with the mean over the training rows."""

    def attribute(self, columns: Floats, baseline: Floats) -> Attributed:
        """Of `columns` [n, w], beside those [w] of the baseline row."""

    def scores(self, columns: Floats) -> Floats:
        """[n, w] → [n] the raw score, up to a constant."""
