"""`EncodedReader`: shuffled batches of an encoded split, epoch after epoch, from any position, for any rank."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal, Self

import msgspec
import numpy as np

from hagane.errors import DataError, Fault
from hagane.features.batch import Batch
from hagane.features.encoded import Encoded
from hagane.features.prefetch import prefetch
from hagane.features.row_order import WINDOW_BLOCKS, EpochOrder, RowOrder
from hagane.features.row_window import RowWindow

CHUNK_ROWS = 16_384
CHUNK_BYTES = 8 * 2**20
"""Rows are gathered in chunks of whole batches, up to these rows and bytes: a chunk stays in the processor's cache."""
CHUNKS_AHEAD = 3
WINDOW_BYTES = 256 * 2**20
"""Two windows of up to this size are held in memory, or one that has all rows; wider rows are taken out of the mapped
files."""

Remainder = Literal["short", "even", "drop"]
Share = Literal["stretch", "batch"]
Span = tuple[int, int]
"""Positions [start, stop) in the order of an epoch."""


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

    `share` says what a rank is given: `stretch`, its own stretch of the epoch in batches of its own; `batch`, its part
    of each batch of `batch_rows` of all ranks together (the last one shorter). Side by side these parts are the batches
    of one rank alone, whatever the number of ranks; in the last batch a part may be empty.

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
        share: Share = "stretch",
        shuffle: bool = True,
        window_blocks: int = WINDOW_BLOCKS,
        chunks_ahead: int = CHUNKS_AHEAD,
    ) -> None:
        self.encoded = encoded
        self.batch_rows = batch_rows
        self.remainder = remainder
        assert share == "stretch" or remainder == "short"
        self._part = (rank, world_size) if share == "batch" else (0, 1)
        rank, world_size = (0, 1) if share == "batch" else (rank, world_size)
        self.order = RowOrder(
            num_rows=encoded.num_rows, block_rows=encoded.block_rows, seed=seed, rank=rank, world_size=world_size,
            window_blocks=window_blocks, shuffle=shuffle,
        )  # fmt: skip
        self.num_batches = self._num_batches()
        self._chunks_ahead = chunks_ahead
        self._held: RowWindow | None = None
        chunk_rows = min(CHUNK_ROWS, CHUNK_BYTES // max(encoded.row_bytes, 1))
        self._chunk_batches = max(1, chunk_rows // batch_rows)

    def epoch(self, number: int, *, first: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, from number `first` on. Windows before that of `first` are not read."""
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

    def num_batch_rows(self, batch: int) -> int:
        """Rows of batch number `batch`: of all ranks together where they share it."""
        return self._bound(batch + 1) - self._bound(batch)

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

    def _span(self, batch: int) -> Span:
        """The positions of a batch's rows, or of this rank's part of them."""
        begin, size = self._bound(batch), self.num_batch_rows(batch)
        part, parts = self._part
        return begin + size * part // parts, begin + size * (part + 1) // parts

    def _chunks(self, epoch: int, first: int) -> Iterator[tuple[Batch, list[int]]]:
        """Runs of batches gathered at once, and where in them each batch begins and ends."""
        order = EpochOrder(self.order, epoch)
        with self._source(order) as source:
            for begin in range(first, self.num_batches, self._chunk_batches):
                spans = [
                    self._span(batch) for batch in range(begin, min(begin + self._chunk_batches, self.num_batches))
                ]
                yield source.take(_joined(spans)), [0, *itertools.accumulate(stop - start for start, stop in spans)]

    def _source(self, order: EpochOrder) -> _Windows | _Mapped | _Whole:
        """Where an epoch's rows come from."""
        rows = min(self.order.window_rows, self.order.num_rows)
        if rows * self.encoded.row_bytes > WINDOW_BYTES:
            return _Mapped(self.encoded, order)
        if rows < self.order.num_rows:
            return _Windows(self.encoded, order)
        self._held = self._held or self.encoded.window([(0, rows)])
        return _Whole(self._held, order)


class _Whole:
    """Rows out of one window that has all of them, and is held from epoch to epoch."""

    def __init__(self, held: RowWindow, order: EpochOrder) -> None:
        self._held, self._order = held, order

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def take(self, spans: list[Span]) -> Batch:
        """The rows at these positions of the rank."""
        return self._held.take(np.concatenate([self._order.rows(*span) for span in spans]))


class _Mapped:
    """Rows out of the mapped files: for tables so wide that a window of them would take much memory."""

    def __init__(self, encoded: Encoded, order: EpochOrder) -> None:
        self._encoded, self._order = encoded, order

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def take(self, spans: list[Span]) -> Batch:
        """The rows at these positions of the rank."""
        return self._encoded.take(np.concatenate([self._order.rows(*span) for span in spans]))


class _Windows:
    """Rows out of a window held in memory, the next one being read meanwhile by a thread of its own."""

    def __init__(self, encoded: Encoded, order: EpochOrder) -> None:
        self._encoded, self._order = encoded, order
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="read-window")
        self._reading: dict[int, Future[RowWindow]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def take(self, spans: list[Span]) -> Batch:
        """The rows at these positions of the rank, which only ever go up."""
        found = [each for span in spans for each in self._order.places(*span)]
        parts = [
            self._window(window).take(np.concatenate([places for _, places in same]))
            for window, same in itertools.groupby(found, lambda each: each[0])
        ]
        return parts[0] if len(parts) == 1 else Batch.concatenate(parts or [self._encoded.take(np.empty(0, np.int64))])

    def _window(self, number: int) -> RowWindow:
        order = self._order.order
        last = order.window_of(max(order.num_rank_rows - 1, 0))
        for ahead in range(number, min(number + 1, last) + 1):
            if ahead not in self._reading:
                self._reading[ahead] = self._pool.submit(self._encoded.window, self._order.stretches(ahead))
        for past in [past for past in self._reading if past < number]:
            del self._reading[past]
        return self._reading[number].result()


def _joined(spans: list[Span]) -> list[Span]:
    """The same positions in as few spans as there can be."""
    found = spans[:1]
    for start, stop in spans[1:]:
        if start == found[-1][1]:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return found
