"""`RowSampler`: which rows of a stream are looked at more closely, however many there will be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.statistics.least_hashes import Hashes, hash_numbers


class Choice(NamedTuple):
    """What a batch does to the sample."""

    places: npt.NDArray[np.int64] | None
    """The rows of the batch that join it; None for all."""
    kept: npt.NDArray[np.bool_] | None
    """Which rows of the sample, those that have joined among them, remain; None for all."""


class RowSampler:
    """A uniform sample of about half of `limit` to `limit` rows, or all where there are no more than that.

    A row is in it if the hash of its place lies below a bound, which is halved whenever there are too many: the same
    rows in the same order give the same sample.

    >>> sampler = RowSampler(100)
    >>> first, second = sampler.next_batch(60), sampler.next_batch(60)
    >>> first.kept is None, 40 < int(second.kept.sum()) < 80
    (True, True)
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bound: int | None = None
        self._num_rows = 0
        self._hashes: Hashes = np.empty(0, np.uint64)

    @property
    def is_sampled(self) -> bool:
        """Whether rows were left out."""
        return self._bound is not None

    @property
    def num_sampled_rows(self) -> int:
        """In the sample."""
        return len(self._hashes)

    def next_batch(self, num_rows: int) -> Choice:
        """Of the `num_rows` rows that come next."""
        hashes = hash_numbers(np.arange(self._num_rows, self._num_rows + num_rows))
        self._num_rows += num_rows
        places = None if self._bound is None else np.flatnonzero(hashes < np.uint64(self._bound))
        self._hashes = np.concatenate([self._hashes, hashes if places is None else hashes[places]])
        kept: npt.NDArray[np.bool_] | None = None
        while len(self._hashes) > self._limit:
            self._bound = (self._bound or 2**64) // 2
            below = self._hashes < np.uint64(self._bound)
            if kept is None:
                kept = below
            else:
                kept[kept.copy()] = below
            self._hashes = self._hashes[below]
        return Choice(places, kept)
