"""`sampled_shapley`: Shapley values of raw columns, by asking the model about rows that are half the baseline row.

Štrumbelj and Kononenko 2014, "Explaining prediction models and individual predictions with feature contributions":
columns join one after another, and each has what its joining changes, averaged over orders. The orders are always the
same ones, each with its reverse; all of them where they are few. Whatever the orders, all columns together have all of
the change: what is sampled is how it is shared.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from math import factorial

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
NUM_ORDERS = 12
"""With their reverses 24: all orders of four columns."""


def sampled_shapley(num_columns: int, num_rows: int, scores: Callable[[frozenset[int]], Floats]) -> Floats:
    """[n, m]; `scores` gives [n] for rows that have these columns' own values, and the baseline row's elsewhere.

    >>> row, baseline = np.array([2.0, 3.0]), np.array([1.0, 1.0])
    >>> product = lambda own: np.array([np.prod([row[c] if c in own else baseline[c] for c in range(2)])])
    >>> sampled_shapley(2, 1, product).tolist()
    [[2.0, 3.0]]
    """
    known: dict[frozenset[int], Floats] = {}

    def score(own: frozenset[int]) -> Floats:
        if own not in known:
            known[own] = scores(own)
        return known[own]

    orders = _orders(num_columns)
    found = np.zeros((num_rows, num_columns))
    for order in orders:
        for place, column in enumerate(order):
            before = frozenset(order[:place])
            found[:, column] += score(before | {column}) - score(before)
    return found / len(orders)


def _orders(num_columns: int) -> list[tuple[int, ...]]:
    if factorial(min(num_columns, 20)) <= 2 * NUM_ORDERS:
        return list(permutations(range(num_columns)))
    random = np.random.default_rng(0)
    drawn = [tuple(random.permutation(num_columns).tolist()) for _ in range(NUM_ORDERS)]
    return [*drawn, *(order[::-1] for order in drawn)]
