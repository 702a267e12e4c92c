"""From raw scores to outputs: what attributions to log odds are as attributions to a probability.

Between the baseline's raw scores b and the row's r an output o changes by o(r) - o(b). Where it depends on one raw
score, attributions to that score count with the secant's slope, (o(r) - o(b)) / (r - b), whatever the curve. Where it
depends on several, each has its share of the change (Shapley 1953), and its attributions count with share_k / (r_k -
b_k). Nothing is differentiated, so that calibrators with steps are no harder than a sigmoid, and nothing is lost.

Shapes: n rows, c raw scores, a outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Link = Callable[[Floats], Floats]
"""[n, c] → [n, a]."""
MOST_EXACT = 5
"""Raw scores of which all orders are taken."""
NUM_ORDERS = 8
STEP = 1e-5
NEAR = 1e-9
"""Raw scores nearer than this have the tangent's slope, not the secant's."""


def secant_slopes(link: Link, output: int, raw_place: int, raw: Floats, baseline: Floats) -> Floats:
    """[n] the slope between `baseline` [n, c] and `raw` [n, c], which differ in the raw score `raw_place` alone.

    >>> square = lambda raw: raw * raw
    >>> secant_slopes(square, 0, 0, np.array([[3.0], [1.0]]), np.array([[1.0], [1.0]])).round(6).tolist()
    [4.0, 2.0]
    """
    low, high = baseline.copy(), baseline.copy()
    apart = np.abs(raw[:, raw_place] - baseline[:, raw_place]) > NEAR
    high[:, raw_place] = np.where(apart, raw[:, raw_place], baseline[:, raw_place] + STEP)
    low[:, raw_place] = np.where(apart, baseline[:, raw_place], baseline[:, raw_place] - STEP)
    risen = link(high)[:, output] - link(low)[:, output]
    slopes: Floats = risen / (high[:, raw_place] - low[:, raw_place])
    return slopes


def shared_slopes(link: Link, output: int, raw: Floats, baseline: Floats) -> Floats:
    """[n, c] by how much `output` changes for each raw score that goes from `baseline` to `raw`, both [n, c].

    The change is shared among the raw scores by Shapley's rule (exactly up to `MOST_EXACT` of them, beyond by
    `NUM_ORDERS` orders and their reverses, always the same), so that Σ_k slope_k (raw_k - baseline_k) is all of it.

    >>> product = lambda raw: raw[:, :1] * raw[:, 1:]
    >>> shared_slopes(product, 0, np.array([[3.0, 5.0]]), np.array([[1.0, 1.0]])).tolist()
    [[3.0, 2.0]]
    """
    num_raw, known = raw.shape[1], {}

    def value(joined: frozenset[int]) -> Floats:
        if joined not in known:
            is_joined = np.isin(np.arange(num_raw), list(joined))
            known[joined] = link(np.where(is_joined, raw, baseline))[:, output]
        found: Floats = known[joined]
        return found

    shares = np.zeros(raw.shape)
    orders = _orders(num_raw)
    for order in orders:
        for place, joining in enumerate(order):
            before = frozenset(order[:place])
            shares[:, joining] += value(before | {joining}) - value(before)
    apart = np.abs(raw - baseline) > NEAR
    slopes = shares / len(orders) / np.where(apart, raw - baseline, 1.0)
    for place in np.flatnonzero(~apart.all(axis=0)).tolist():
        tangent = secant_slopes(link, output, place, raw, np.where(np.arange(num_raw) == place, raw, baseline))
        slopes[:, place] = np.where(apart[:, place], slopes[:, place], tangent)
    return slopes


def _orders(num_raw: int) -> list[tuple[int, ...]]:
    """All orders of a few raw scores, some of many: each with its reverse."""
    if num_raw <= MOST_EXACT:
        return list(permutations(range(num_raw)))
    random = np.random.default_rng(0)
    drawn = [tuple(random.permutation(num_raw).tolist()) for _ in range(NUM_ORDERS)]
    return [*drawn, *(order[::-1] for order in drawn)]
