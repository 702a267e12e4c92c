"""`answer_stream`: batches in, answers out, in order, on every core, no more of them than are asked for."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from itertools import chain

import pyarrow as pa

from hagane.data.exact_batches import exact_batches
from hagane.features.ordered_map import ordered_map
from hagane.progress import SILENT, Progress
from hagane.usable_cores import usable_cores

FIRST_ROWS = 2_048
"""Of the first batch, so that a LIMIT of few rows is answered without the work of many."""
MOST_THREADS = 32

Answer = Callable[[pa.RecordBatch], tuple[pa.RecordBatch, int]]
"""A batch's answer, and in how many of its rows an expression of the model erred."""


def answer_stream(
    batches: Callable[[], Iterable[pa.RecordBatch]],
    answer: Answer,
    *,
    phase: str,
    batch_rows: int,
    prove: Callable[[pa.RecordBatch], None] = lambda batch: None,
    told: Callable[[int], None] = lambda num_errors: None,
    progress: Progress = SILENT,
) -> Generator[pa.RecordBatch, None, None]:
    """The answers to all rows, `batch_rows` at a time; of the first few rows before any other is read.

    `batches` is called when the first answer is asked for. `prove` sees the first rows before they are answered, `told`
    the number of rows that erred, when all are answered.

    >>> rows = pa.record_batch({"n": [1, 2, 3]})
    >>> list(answer_stream(lambda: [rows], lambda batch: (batch, 0), phase="look", batch_rows=2))[0].num_rows
    2
    """
    rows = _cut(batches(), batch_rows)
    first = next(rows, None)
    if first is None:
        return
    prove(first)
    threads, num_errors = min(usable_cores(), MOST_THREADS), 0
    more = ordered_map(answer, rows, num_threads=threads, waiting=threads + 2)
    with closing(more), progress.phase(phase, total=None) as task:
        for batch, errors in chain([answer(first)], more):
            num_errors += errors
            yield batch
            task.advance(batch.num_rows)
    if num_errors:
        told(num_errors)


def _cut(batches: Iterable[pa.RecordBatch], num_rows: int) -> Iterator[pa.RecordBatch]:
    """The rows in batches of at most `num_rows`, the first one smaller; only those of few rows are put together."""
    rows = (batch for batch in batches if batch.num_rows)
    first = next(rows, None)
    if first is None:
        return
    head = min(FIRST_ROWS, num_rows)
    yield first.slice(0, head)
    waiting: list[pa.RecordBatch] = []
    for batch in chain([first.slice(head)], rows):
        for start in range(0, batch.num_rows, num_rows):
            waiting.append(batch.slice(start, num_rows))
            if sum(each.num_rows for each in waiting) * 2 >= num_rows:
                yield from exact_batches(waiting, num_rows)
                waiting = []
    yield from exact_batches(waiting, num_rows)
