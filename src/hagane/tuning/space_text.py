"""`space_text`: what a hyperparameter may be, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hagane.tuning.dimension import Dimension
from hagane.tuning.parameter_text import parameter_text

SCALES = {"linear": "", "log": ", log scale", "reverse_log": ", reverse log scale"}
MOST_CANDIDATES = 6


def space_text(dimension: Dimension, value_text: Callable[[str, Any], str] = parameter_text) -> str:
    """Ends, step and scale, or the candidates; without where the search starts.

    >>> space_text(Dimension(name="x", low=0.001, high=0.3, scale="log"))
    '0.001 to 0.3, log scale'
    >>> space_text(Dimension(name="x", low=1, high=9, step=2))
    '1 to 9 in steps of 2'
    >>> space_text(Dimension(name="x", candidates=("gain", 3, None)))
    'gain | 3 | none'
    """
    if dimension.candidates:
        shown = [value_text(dimension.name, each) for each in dimension.candidates[:MOST_CANDIDATES]]
        rest = len(dimension.candidates) - len(shown)
        return " | ".join(shown) + (f" | {rest} more" if rest else "")
    ends = f"{value_text(dimension.name, dimension.low)} to {value_text(dimension.name, dimension.high)}"
    step = f" in steps of {dimension.step:g}" if dimension.step and dimension.step != 1 else ""
    return ends + step + SCALES[dimension.scale]
