"""`explaining_slice`: the rows without which a drifted column lies where it lay."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.monitoring.foretold_share import foretold_share
from hagane.monitoring.slice_effect import SliceEffect

Counts = npt.NDArray[np.float64]
LEAST_SHARE, MOST_SHARE = 0.01, 0.8
"""Fewer rows are no matter; without more of them nothing is left to compare."""
LEAST_LEFT = 50
"""Rows that must be left."""
LEAST_EFFECT = 0.5
"""How much of what its share of the rows does not explain a slice has to."""
LEAST_DEVIATIONS = 6.0
"""How far beyond chance: what as many rows taken at random do, in standard deviations."""
NUM_DRAWS = 100
MOST_FORETOLD = 0.8
"""With a control: of its rows so many at most may lie where the drifted column foretells them."""
GROWTH = 3.0
"""Without a control: the slice must have grown so much."""
MOST_BEFORE = 0.1
"""Without a control: and have been no larger than this, since it cannot be taken out of the reference."""


class SliceCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one slice."""

    slice: str
    window: Counts
    """[k] rows of the window by the bucket of the drifted column."""
    control: Counts | None = None
    """[k] likewise, of rows from before."""
    share_before: float | None = None
    """Of the reference's rows, where that is known."""


def explaining_slice(
    distance: Callable[[Counts, Counts], float | None],
    reference: Counts,
    window: Counts,
    slices: Iterable[SliceCounts],
    *,
    control: Counts | None = None,
) -> SliceEffect | None:
    """The slice without whose rows most of `distance(reference, window)` is gone; None where none clearly does.

    All [k], by the bucket of the drifted column. Rows are taken out of both sides: how many of the reference's, the
    `control` tells (rows from before the drift, such as an earlier window's). Otherwise a slice that has always lain
    elsewhere (long trips, of fares) would seem to explain what moved in every slice alike. The control also tells a
    slice that follows from the drifted column (`foretold_share`: dear trips, of fares): it is not why the column moved.
    Without a control only slices that have grown much are looked at. A slice has to explain more than its share, and
    far more than as many rows at random.

    >>> def largest_change(one, two): return float(abs(one / one.sum() - two / two.sum()).max())
    >>> both = SliceCounts(slice="company = 'X'", window=np.array([100., 600.]), control=np.array([70., 30.]))
    >>> found = explaining_slice(largest_change, np.array([700., 300.]), np.array([660., 840.]), [both],
    ...                          control=np.array([700., 300.]))
    >>> found.slice, round(found.share, 2), round(found.value, 2), round(found.without, 2)
    ("company = 'X'", 0.47, 0.26, 0.0)
    """
    case = _Case(distance, reference, window, control)
    whole = distance(reference, window)
    if not whole or not window.sum():
        return None
    best: tuple[float, SliceCounts, float] | None = None
    for one in slices:
        share = case.share(one)
        without = case.without(one.window, one.control) if case.is_eligible(one) else None
        if without is None:
            continue
        effect = (whole - without) / whole
        if effect >= share + LEAST_EFFECT * (1 - share) and (best is None or effect - share > best[0]):
            best = (effect - share, one, without)
    if best is None or not case.is_beyond_chance(best[1], best[2]):
        return None
    _, one, without = best
    return SliceEffect(slice=one.slice, share=case.share(one), value=whole, without=without)


class _Case(NamedTuple):
    """What is explained."""

    distance: Callable[[Counts, Counts], float | None]
    reference: Counts
    window: Counts
    control: Counts | None

    def share(self, one: SliceCounts) -> float:
        """Of the window's rows."""
        return float(one.window.sum() / self.window.sum())

    def is_eligible(self, one: SliceCounts) -> bool:
        """Whether it is of a size of which something can be said."""
        share = self.share(one)
        if not LEAST_SHARE <= share <= MOST_SHARE or self.window.sum() - one.window.sum() < LEAST_LEFT:
            return False
        if self.control is not None and one.control is not None:
            if one.control.sum() > MOST_SHARE * self.control.sum():
                return False
            return foretold_share(one.window, self.window, one.control, self.control) <= MOST_FORETOLD
        return one.share_before is not None and one.share_before <= min(MOST_BEFORE, share / GROWTH)

    def without(self, taken: Counts, before: Counts | None) -> float | None:
        """The distance without these rows; the reference loses as much of each bucket as the control."""
        if self.control is None or before is None:
            return self.distance(self.reference, self.window - taken)
        overall = before.sum() / max(self.control.sum(), 1.0)
        part = (before + overall) / (self.control + 1)  # with one more row, as the slice has them on average
        return self.distance(self.reference * (1 - part), self.window - taken)

    def is_beyond_chance(self, one: SliceCounts, without: float) -> bool:
        """Whether so many rows at random would all but never do as much; the draws are the same in every run."""
        befores = None if self.control is None or one.control is None else _draws(self.control, one.control)
        drawn = _draws(self.window, one.window)
        found = [self.without(taken, None if befores is None else befores[row]) for row, taken in enumerate(drawn)]
        values = np.array([np.nan if value is None else value for value in found])
        return bool(without < values.mean() - LEAST_DEVIATIONS * values.std() and without < values.min())


def _draws(counts: Counts, taken: Counts) -> Counts:
    """[NUM_DRAWS, k]: as many rows as were `taken`, drawn out of `counts` without looking."""
    random = np.random.default_rng(0)
    whole = counts.astype(np.int64)
    return random.multivariate_hypergeometric(whole, int(taken.sum()), size=NUM_DRAWS).astype(np.float64)
