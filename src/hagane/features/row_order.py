"""`RowOrder`: in which order the rows of an epoch are served, and to which rank."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

WINDOW_BLOCKS = 8
"""Blocks whose rows are mixed with each other: half a million rows, some tens of MB of features."""

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class RowOrder:
    """A seeded shuffle of two levels, in which any position can be found without walking to it.

    First the blocks are put into an order of the epoch's own. That sequence of rows is cut into windows as long as
    `window_blocks` blocks, and the rows of each window are mixed. Of the result each of `world_size` ranks takes one
    stretch; their lengths differ by one row at most. Where all rows fit in a window the shuffle is a perfect one. What
    is read at a time are the blocks of one window, each from its beginning to its end.

    >>> order = RowOrder(num_rows=10, block_rows=2, seed=1, window_blocks=2)
    >>> EpochOrder(order, 0).rows(0, 10).tolist()
    [0, 8, 9, 1, 3, 5, 4, 2, 6, 7]
    >>> EpochOrder(order, 0).rows(3, 6).tolist()
    [1, 3, 5]
    """

    num_rows: int
    block_rows: int
    seed: int
    rank: int = 0
    world_size: int = 1
    window_blocks: int = WINDOW_BLOCKS
    shuffle: bool = True

    def __post_init__(self) -> None:
        assert 0 <= self.rank < self.world_size
        assert min(self.block_rows, self.window_blocks) >= 1

    @property
    def first(self) -> int:
        """Where this rank's stretch begins."""
        return self.num_rows * self.rank // self.world_size

    @property
    def num_rank_rows(self) -> int:
        """Rows of this rank's stretch."""
        return self.num_rows * (self.rank + 1) // self.world_size - self.first

    @property
    def window_rows(self) -> int:
        """Rows of a window, the last one apart."""
        return self.block_rows * self.window_blocks

    def window_of(self, position: int) -> int:
        """The number of the window in which the rank's row at `position` lies."""
        return (self.first + position) // self.window_rows


class EpochOrder:
    """One epoch of a `RowOrder`. Positions count from 0 to `num_rank_rows`. Holds the order of one window."""

    def __init__(self, order: RowOrder, epoch: int) -> None:
        self.order, self.epoch = order, epoch
        num_blocks = -(-order.num_rows // order.block_rows)
        numbers = np.arange(num_blocks)
        if order.shuffle:
            numbers = np.random.default_rng((order.seed, epoch)).permutation(num_blocks)
        self._starts = numbers * order.block_rows
        lengths = np.minimum(self._starts + order.block_rows, order.num_rows) - self._starts
        self._ends = np.cumsum(lengths)
        self._lengths = lengths
        self._window, self._places = -1, np.empty(0, np.int64)
        self._numbered, self._numbers = -1, np.empty(0, np.int64)

    def rows(self, start: int, stop: int) -> Rows:
        """The numbers of the rows at the rank's positions [start, stop)."""
        parts = [self._numbers_in(window)[places] for window, places in self.places(start, stop)]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def places(self, start: int, stop: int) -> Iterator[tuple[int, Rows]]:
        """Where the rows at the rank's positions [start, stop) lie: window by window, their places in its stretches."""
        at, end = self.order.first + start, self.order.first + stop
        while at < end:
            window = self.order.window_of(at - self.order.first)
            begin = window * self.order.window_rows
            found = self._places_in(window)[at - begin : end - begin]
            yield window, found
            at += len(found)

    def stretches(self, window: int) -> list[tuple[int, int]]:
        """The runs of rows [start, stop) that make up a window, block by block; none past the end."""
        begin = window * self.order.window_rows
        end = min(begin + self.order.window_rows, self.order.num_rows)
        found = []
        for block in range(int(np.searchsorted(self._ends, begin, "right")), len(self._ends)):
            block_end = int(self._ends[block])
            block_begin = block_end - int(self._lengths[block])
            if block_begin >= end:
                break
            shift = int(self._starts[block]) - block_begin
            found.append((max(begin, block_begin) + shift, min(end, block_end) + shift))
        return found

    def _numbers_in(self, window: int) -> Rows:
        """The numbers of a window's rows, stretch by stretch."""
        if window != self._numbered:
            self._numbered = window
            self._numbers = np.concatenate([np.arange(*stretch) for stretch in self.stretches(window)])
        return self._numbers

    def _places_in(self, window: int) -> Rows:
        if window != self._window:
            begin = window * self.order.window_rows
            places = np.arange(min(self.order.window_rows, self.order.num_rows - begin))
            if self.order.shuffle:
                np.random.default_rng((self.order.seed, self.epoch, 1 + window)).shuffle(places)
            self._window, self._places = window, places
        return self._places
