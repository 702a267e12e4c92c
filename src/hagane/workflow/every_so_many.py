"""`every_so_many`: a few of many rows, spread evenly over all of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa


def every_so_many(batches: Iterator[pa.RecordBatch], stride: int) -> Iterator[pa.RecordBatch]:
    """The first row and every `stride`-th after it, whatever the batches.

    >>> rows = pa.record_batch({"n": list(range(10))})
    >>> [batch["n"].to_pylist() for batch in every_so_many(iter([rows.slice(0, 4), rows.slice(4)]), 3)]
    [[0, 3], [6, 9]]
    """
    first = 0
    for batch in batches:
        chosen = np.arange(first, batch.num_rows, stride)
        first = (first - batch.num_rows) % stride
        if len(chosen):
            yield batch if stride == 1 else batch.take(pa.array(chosen))
