"""What follows from a column is told from what moved by itself, on rows that are drawn."""

from __future__ import annotations

import numpy as np
import pytest

from hagane.monitoring.foretold_share import Counts, foretold_share

EDGES = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])


def counts(values: Counts) -> Counts:
    return np.bincount(np.searchsorted(EDGES, values), minlength=len(EDGES) + 1).astype(np.float64)


@pytest.mark.parametrize("steepness", [0.5, 2.0, 50.0])
def test_what_follows_is_foretold_however_loosely(steepness: float) -> None:
    random = np.random.default_rng(1)
    before, now = random.normal(0, 1, 20_000), random.normal(0.7, 1, 20_000)

    def follows(values: Counts) -> Counts:
        return values[random.random(len(values)) < 1 / (1 + np.exp(-steepness * values))]

    share = foretold_share(counts(follows(now)), counts(now), counts(follows(before)), counts(before))
    assert share > 0.96


@pytest.mark.parametrize("moved", [0.0, 0.3, 0.6, 1.0])
def test_what_moved_by_itself_is_not(moved: float) -> None:
    """Of a slice that lay on high, the part that fell among rows of which it never was is not foretold."""
    random = np.random.default_rng(2)
    rest, high = random.normal(-1, 0.3, 10_000), random.normal(3, 0.3, 5_000)
    fell = np.where(np.arange(5_000) < moved * 5_000, -1.0, high)
    share = foretold_share(counts(fell), counts(np.append(rest, fell)), counts(high), counts(np.append(rest, high)))
    assert share == pytest.approx(1 - moved, abs=0.01)
