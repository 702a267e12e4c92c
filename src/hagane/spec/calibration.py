"""`Calibration`: how a classifier's probabilities are made to mean what they say, declared."""

from __future__ import annotations

from typing import Literal

import msgspec


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A map from the family's probabilities to calibrated ones, fitted on the eval rows and carried in the graph.

    >>> Calibration().method
    'auto'
    """

    method: Literal["auto", "platt", "isotonic", "none"] = "auto"
    """`platt`: a slope and a shift of the log probabilities; `isotonic`: any rising curve; `auto`: whichever has the
    lowest cross-validated log loss on the eval rows, neither included."""
