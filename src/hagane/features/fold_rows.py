"""`FoldRows`: which rows of a split a fold has, block by block, a function of nothing but labels, place and seed.

Every row of a block is in one of `num_folds` folds. Rows of a class are dealt to the folds in turn, in a random order,
so that each fold has its share of every class, to a row; those of a number are dealt as they come. What is held is a
count for each block.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import msgspec
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
BLOCKS_HELD = 16


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one fold, or all but those."""

    seed: int
    num_folds: int
    number: int
    """From 0."""
    inside: bool
    """True: the rows of the fold; False: the others."""


class FoldRows:
    """The rows that `fold` names among those of `num_rows`, in blocks of `block_rows`, by their places in order.

    `label_of` gives the labels of rows [start, stop).

    >>> label = np.array([0, 0, 0, 1, 1, 1])
    >>> fold = Fold(seed=1, num_folds=3, number=0, inside=True)
    >>> rows = FoldRows(fold, 6, 4, lambda start, stop: label[start:stop])
    >>> len(rows), sorted(label[rows.at(np.arange(len(rows)))].tolist())
    (2, [0, 1])
    """

    def __init__(
        self, fold: Fold, num_rows: int, block_rows: int, label_of: Callable[[int, int], npt.NDArray[np.generic]]
    ) -> None:
        self.fold = fold
        self._num_rows, self._block_rows, self._label_of = num_rows, block_rows, label_of
        self._in_block = lru_cache(BLOCKS_HELD)(self._find)
        counts = [len(self._find(block)) for block in range(-(-num_rows // block_rows))]
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def __len__(self) -> int:
        return int(self._starts[-1])

    def at(self, places: npt.NDArray[np.integer]) -> Ints:
        """[n] the rows at these places among the chosen ones."""
        blocks = np.searchsorted(self._starts, places, side="right") - 1
        rows = np.empty(len(places), np.int64)
        for block in np.unique(blocks).tolist():
            here = blocks == block
            rows[here] = self._in_block(block)[places[here] - self._starts[block]]
        return rows

    def _find(self, block: int) -> Ints:
        start = block * self._block_rows
        label = self._label_of(start, min(start + self._block_rows, self._num_rows))
        folds = folds_in_block(self.fold.seed, self.fold.num_folds, block, label)
        return start + np.flatnonzero((folds == self.fold.number) == self.fold.inside)


def folds_in_block(seed: int, num_folds: int, block: int, label: npt.NDArray[np.generic]) -> Ints:
    """[n] the fold of each row of a block with these labels: whole numbers are classes."""
    random = np.random.default_rng((seed, num_folds, block))
    order = random.permutation(len(label))
    if label.dtype.kind != "f":
        order = order[np.argsort(label[order], kind="stable")]
    folds = np.empty(len(label), np.int64)
    folds[order] = (np.arange(len(label)) + random.integers(num_folds)) % num_folds
    return folds
