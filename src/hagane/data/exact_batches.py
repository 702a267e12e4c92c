"""`exact_batches`: rows cut anew, so that where a batch ends depends on its number alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa


def exact_batches(batches: Iterable[pa.RecordBatch], num_rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of exactly `num_rows`, the last one excepted.

    >>> rows = [pa.record_batch({"n": list(range(start, stop))}) for start, stop in ((0, 1), (1, 6), (6, 6))]
    >>> [batch["n"].to_pylist() for batch in exact_batches(rows, 4)]
    [[0, 1, 2, 3], [4, 5]]
    """
    pieces: list[pa.RecordBatch] = []
    missing = num_rows
    for batch in batches:
        start = 0
        while start < batch.num_rows:
            piece = batch.slice(start, missing)
            pieces.append(piece)
            start, missing = start + piece.num_rows, missing - piece.num_rows
            if not missing:
                yield _joined(pieces)
                pieces, missing = [], num_rows
    if pieces:
        yield _joined(pieces)


def _joined(pieces: list[pa.RecordBatch]) -> pa.RecordBatch:
    """One batch, with one dictionary for each column that has several."""
    if len(pieces) == 1:
        return pieces[0]
    (joined,) = pa.Table.from_batches(pieces).unify_dictionaries().combine_chunks().to_batches()
    return joined
