"""`ColumnShares`: from features to the raw columns that they are made of.

What a feature of one column adds is that column's. A feature of several (a cross, a difference, a ratio) is a game of
its own: its columns join one after another, in every order, those that have joined with the row's values and the others
with the baseline row's, while the other features stay as they are in the row; a column's share is the mean of what its
joining changes (Shapley 1953). These shares add up to the change of the score when the feature alone goes back to the
baseline; what the feature was attributed beyond that is divided equally, so that the sum over columns is the sum
over features. Beyond `MOST_PLAYERS` columns, whose orders are too many, the feature's part is divided equally.

Shapes: n rows, f features, m raw columns, w explained columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import factorial

import numpy as np
import numpy.typing as npt

from hagane.explanation.explanation_facts import ExplainedFeature

Floats = npt.NDArray[np.float64]
MOST_PLAYERS = 6
"""Columns of a feature whose shares are exact: 62 mixed rows."""

Mixed = Callable[[frozenset[int]], Floats]
"""[n, w]: the explained columns of rows that have these raw columns' own values, and the baseline row's elsewhere."""
Scores = Callable[[Floats], Floats]
"""[n, w] → [n]."""


class ColumnShares:
    """Of a model's features and raw columns (by name)."""

    def __init__(self, features: Sequence[ExplainedFeature], names: Sequence[str], owners: npt.NDArray[np.int64]):
        place = {name: number for number, name in enumerate(names)}
        self._players = [tuple(sorted({place[name] for name in feature.columns})) for feature in features]
        self._owners = owners
        self._num_columns = len(names)
        singles = [(number, players[0]) for number, players in enumerate(self._players) if len(players) == 1]
        self._single = np.array([number for number, _ in singles], np.int64)
        self._single_column = np.array([column for _, column in singles], np.int64)
        self._several = [number for number, players in enumerate(self._players) if len(players) > 1]

    @property
    def has_several(self) -> bool:
        """Whether some feature is made of several columns."""
        return bool(self._several)

    def share(self, by_column: Floats, columns: Floats, mixed: Mixed, scores: Scores) -> Floats:
        """[n, m] of attributions [n, w] to the explained columns [n, w]."""
        num_rows = len(by_column)
        by_feature = summed_by(by_column, self._owners, len(self._players))
        found = summed_by(by_feature[:, self._single], self._single_column, self._num_columns)
        for number in self._several:
            part, players = by_feature[:, number], self._players[number]
            if not part.any():
                continue
            if len(players) > MOST_PLAYERS:
                found[:, players] += (part / len(players))[:, None]
                continue
            values = self._values(number, players, columns, mixed, scores)
            found[:, players] += _shapley(values, len(players), num_rows)
            left = part - (values[frozenset(players)] - values[frozenset()])
            found[:, players] += (left / len(players))[:, None]
        return found

    def _values(
        self, number: int, players: tuple[int, ...], columns: Floats, mixed: Mixed, scores: Scores
    ) -> dict[frozenset[int], Floats]:
        """The score [n] for each set of players that have joined, the other features as they are."""
        own = self._owners == number
        values = {}
        for size in range(len(players)):
            for joined in map(frozenset, combinations(players, size)):
                values[joined] = scores(np.where(own, mixed(joined), columns))
        return values | {frozenset(players): scores(columns)}


def summed_by(values: Floats, owners: npt.NDArray[np.int64], num_owners: int) -> Floats:
    """[n, w] → [n, owners], in the columns' order.

    >>> summed_by(np.array([[1.0, 2.0, 4.0]]), np.array([1, 0, 1]), 2).tolist()
    [[2.0, 5.0]]
    """
    cells = owners + np.arange(len(values))[:, None] * num_owners
    sums: Floats = np.asarray(np.bincount(cells.ravel(), values.ravel(), len(values) * num_owners), np.float64)
    return sums.reshape(len(values), num_owners)


def _shapley(values: dict[frozenset[int], Floats], num_players: int, num_rows: int) -> Floats:
    """[n, players] the mean over all orders of what each player's joining changes."""
    players = sorted(frozenset().union(*values))
    found = np.zeros((num_rows, num_players))
    for joined, before in values.items():
        weight = factorial(len(joined)) * factorial(num_players - len(joined) - 1) if len(joined) < num_players else 0
        for place, player in enumerate(players):
            if player not in joined:
                found[:, place] += weight / factorial(num_players) * (values[joined | {player}] - before)
    return found
