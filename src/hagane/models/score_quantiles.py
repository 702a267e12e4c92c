"""The upper half of a score's distribution over the training rows: from where on a row is one of the rarest."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
STEPS = 5_000
"""Shares of the rows from 0 to a half that are told apart: ten thousandths."""
MOST_KEPT = 4_000_000
"""Of more rows every second, fourth, … is looked at."""


def upper_quantiles(parts: Iterable[Floats]) -> Floats:
    """[STEPS + 1] the score that a share i / (2 · STEPS) of the rows lie above, of all parts together.

    >>> upper_quantiles([np.arange(100.0)])[[0, STEPS // 5, STEPS]].tolist()
    [99.0, 89.0, 49.0]
    """
    kept: list[Floats] = []
    step, start, total = 1, 0, 0
    for part in parts:
        chosen = part[start::step]
        start = (start - len(part)) % step
        kept.append(chosen.copy())
        total += len(chosen)
        if total > MOST_KEPT:
            kept = [np.concatenate(kept)[::2]]
            total, step = len(kept[0]), 2 * step
            start = 0
    scores = np.sort(np.concatenate(kept))
    above = np.arange(STEPS + 1) * len(scores) // (2 * STEPS)
    found: Floats = scores[len(scores) - 1 - np.minimum(above, len(scores) - 1)]
    return found


def rare_from(quantiles: Floats, contamination: float) -> float:
    """The score above which a share `contamination` (0 … 0.5) of the training rows lie.

    >>> rare_from(upper_quantiles([np.arange(100.0)]), 0.1)
    89.0
    """
    return float(quantiles[min(STEPS, round(contamination * 2 * STEPS))])
