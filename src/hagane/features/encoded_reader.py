"""`EncodedReader`: shuffled batches of an encoded split, epoch after epoch, from any position, for any rank."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import msgspec

from hagane.errors import DataError, Fault
from hagane.features.batch import Batch
from hagane.features.encoded import Encoded
from hagane.features.prefetch import prefetch
from hagane.features.row_order import WINDOW_BLOCKS, EpochOrder, RowOrder

CHUNK_ROWS = 16_384
CHUNK_BYTES = 8 * 2**20
"""Rows are gathered in chunks of whole batches, up to these rows and bytes: a chunk stays in the processor's cache."""
CHUNKS_AHEAD = 3

Remainder = Literal["short", "even", "drop"]


class Position(msgspec.Struct, frozen=True):
    """What comes next: batch number `batch` (from 0, of this rank) of epoch number `epoch` (from 0)."""

    epoch: int = 0
    batch: int = 0


class EncodedReader:
    """Batches of `batch_rows` rows in the order of a `RowOrder`.

    `remainder` says what becomes of rows that fill no batch: `short` leaves them to a shorter last batch; `even` gives
    every rank the same number of batches and every row to one of them, with sizes that differ by one row at most, none
    above `batch_rows` (where that is 1, a batch may be empty); `drop` gives every rank the same number of full batches
    and leaves the rest out of the epoch (other rows in each). The same arguments give the same batches, bit by bit,
    whatever position they start from.

    Raises DataError where `even` has fewer rows than ranks.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from hagane.features.encoded import EncodedWriter
    >>> writer = EncodedWriter(Path(tempfile.mkdtemp()), ())
    >>> writer.append([np.arange(5)])
    >>> reader = EncodedReader(writer.close(), 2, seed=1)
    >>> [batch.label.tolist() for batch in reader.epoch(0)]
    [[2, 4], [0, 1], [3]]
    >>> [batch.label.tolist() for batch in reader.epoch(0, first=2)]
    [[3]]
    """

    def __init__(
        self,
        encoded: Encoded,
        batch_rows: int,
        *,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        remainder: Remainder = "short",
        shuffle: bool = True,
        window_blocks: int = WINDOW_BLOCKS,
        chunks_ahead: int = CHUNKS_AHEAD,
    ) -> None:
        self.encoded = encoded
        self.batch_rows = batch_rows
        self.remainder = remainder
        self.order = RowOrder(
            num_rows=encoded.num_rows, block_rows=encoded.block_rows, seed=seed, rank=rank, world_size=world_size,
            window_blocks=window_blocks, shuffle=shuffle,
        )  # fmt: skip
        self.num_batches = self._num_batches()
        self._chunks_ahead = chunks_ahead
        chunk_rows = min(CHUNK_ROWS, CHUNK_BYTES // max(encoded.row_bytes, 1))
        self._chunk_batches = max(1, chunk_rows // batch_rows)

    def epoch(self, number: int, *, first: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, from number `first` on. What came before `first` is not read."""
        for chunk, bounds in prefetch(self._chunks(number, first), self._chunks_ahead):
            for start, stop in itertools.pairwise(bounds):
                yield chunk.slice(start, stop)

    def epochs(self, start: Position = Position(), *, num_epochs: int) -> Iterator[tuple[Position, Batch]]:  # noqa: B008
        """The batches of epochs 0 … `num_epochs` - 1 from `start` on, each with the position behind it.

        A trainer that keeps the position of the last batch it has used goes on exactly there.
        """
        for number in range(start.epoch, num_epochs):
            first = start.batch if number == start.epoch else 0
            for done, batch in enumerate(self.epoch(number, first=first), first + 1):
                yield Position(number, done) if done < self.num_batches else Position(number + 1), batch

    def _num_batches(self) -> int:
        """Batches of this rank in every epoch."""
        n, world, size = self.order.num_rows, self.order.world_size, self.batch_rows
        if self.remainder == "short":
            return -(-self.order.num_rank_rows // size)
        if self.remainder == "drop":
            return n // world // size
        if 0 < n < world:
            raise DataError(
                Fault(
                    what="there are fewer rows than ranks that train",
                    expected=f"at least {world} rows",
                    received=f"{n} rows",
                    next_step="train with fewer workers",
                )
            )
        largest = -(-n // world)
        return -(-largest // size)

    def _bound(self, batch: int) -> int:
        """At which of the rank's rows a batch begins."""
        if self.remainder == "even":
            return self.order.num_rank_rows * batch // max(self.num_batches, 1)
        return min(batch * self.batch_rows, self.order.num_rank_rows)

    def _chunks(self, epoch: int, first: int) -> Iterator[tuple[Batch, list[int]]]:
        """Runs of batches gathered at once, and where in them each batch begins and ends."""
        order = EpochOrder(self.order, epoch)
        with _ReadAhead(self.encoded, order) as ahead:
            for begin in range(first, self.num_batches, self._chunk_batches):
                end = min(begin + self._chunk_batches, self.num_batches)
                bounds = [self._bound(batch) for batch in range(begin, end + 1)]
                ahead.reach(bounds[0])
                yield self.encoded.take(order.rows(bounds[0], bounds[-1])), [at - bounds[0] for at in bounds]


class _ReadAhead:
    """Reads the window after the current one, in a thread of its own: the disk is asked before the rows are needed."""

    def __init__(self, encoded: Encoded, order: EpochOrder) -> None:
        self._encoded, self._order = encoded, order
        self._next = -1
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="read-ahead")

    def __enter__(self) -> _ReadAhead:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def reach(self, position: int) -> None:
        """Say that the row at `position` is about to be read."""
        window = self._order.order.window_of(position)
        if window + 1 > self._next:
            self._next = window + 1
            for start, stop in self._order.stretches(self._next):
                self._pool.submit(self._encoded.read_ahead, start, stop)
