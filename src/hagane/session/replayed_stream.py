"""`ReplayedStream`: rows that are made while they are read, and made again for whoever reads them again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa


class ReplayedStream:
    """What DuckDB scans as a table; nothing of it is read before DuckDB asks for it, nor more than it asks for.

    DuckDB takes the stream once for its schema and once for each scan: the rows are made by the first batch that is
    asked for. What `make` raises is kept in `error`, for DuckDB hands on no more than its text.

    >>> import duckdb
    >>> batch = pa.record_batch({"n": [1, 2, 3]})
    >>> rows = ReplayedStream(lambda: pa.RecordBatchReader.from_batches(batch.schema, [batch]))
    >>> connection = duckdb.connect()
    >>> connection.register("numbers", rows).execute("SELECT sum(a.n) FROM numbers a, numbers b").fetchone()
    (18,)
    """

    def __init__(self, make: Callable[[], pa.RecordBatchReader]) -> None:
        self._make = make
        self._first: pa.RecordBatchReader | None = make()
        self.schema: pa.Schema = self._first.schema
        self.error: BaseException | None = None

    def reader(self) -> pa.RecordBatchReader:
        """All rows as a stream of their own."""
        return pa.RecordBatchReader.from_batches(self.schema, self._batches())

    def close(self) -> None:
        """Let go of rows that nobody has read: Python cannot see that a stream within Arrow holds what holds it."""
        self._first = None

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """Arrow's interface of streams."""
        return self.reader().__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        first, self._first = self._first, None
        try:
            yield from first if first is not None else self._make()
        except GeneratorExit:
            raise
        except BaseException as error:
            self.error = error
            raise
