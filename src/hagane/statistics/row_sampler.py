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


_EXPECTED_SHARE = 0.98
"""Of the limit: chance must not lead beyond it."""


class RowSampler:
    """A uniform sample of about half of `limit` to `limit` rows, or all where there are no more than that.

    A row is in it if the hash of its place lies below a bound, which is halved whenever there are too many: the same
    rows in the same order give the same sample. Where `expected_rows` will come the bound is right from the start.

    >>> sampler = RowSampler(100)
    >>> first, second = sampler.next_batch(60), sampler.next_batch(60)
    >>> first.kept is None, 40 < int(second.kept.sum()) < 80
    (True, True)
    """

    def __init__(self, limit: int, *, expected_rows: int = 0) -> None:
        self._limit = limit
        most = int(limit * _EXPECTED_SHARE)
        self._bound = None if expected_rows <= limit else most * 2**64 // expected_rows
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
            self._bound = (2**64 if self._bound is None else self._bound) // 2
            below = self._hashes < np.uint64(self._bound)
            if kept is None:
                kept = below
            else:
                kept[kept.copy()] = below
            self._hashes = self._hashes[below]
        return Choice(places, kept)
