"""What a calibrator is: a fitted map from the family's probabilities to calibrated ones, in numpy and in the graph."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from hagane.features.emit import Emitter

Doubles = npt.NDArray[np.float64]


class Calibrator(Protocol):
    """Made by `fit_sigmoid` or `fit_isotonic`. Rows sum to 1 before and after; each map keeps the order of scores."""

    @property
    def method(self) -> str:
        """`platt` or `isotonic`."""

    def apply(self, probabilities: Doubles) -> Doubles:
        """[n, c] calibrated, of [n, c] as the graph's family gives them."""

    def emit(self, emitter: Emitter, probabilities: str) -> str:
        """Add the same as nodes behind the named float64 tensor [n, c]; the name of the calibrated one."""

    def describe(self) -> str:
        """What was fitted, in a few words."""
