"""`Result`: what a statement answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa

from hagane.errors import DataError, Fault

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from hagane.workflow.train import TrainResult
    from hagane.workspace.model_version import ModelVersion

SHOWN_ROWS = 20


class ResultColumn(NamedTuple):
    """One column."""

    name: str
    type: str
    """BigQuery's: `INT64`, `ARRAY<STRUCT<label STRING, prob FLOAT64>>`."""


class Result:
    """Rows as they come, or kept; and what is known of the statement.

    Rows of a query are made while they are read (`batches`), once; `arrow`, `pandas`, `polars` and `rows` read and keep
    them all.

    >>> result = Result(kind="SELECT", schema=(ResultColumn("n", "INT64"),), table=pa.table({"n": [1, 2]}))
    >>> result.rows(), result.num_rows
    ([{'n': 1}, {'n': 2}], 2)
    """

    def __init__(
        self,
        *,
        kind: str,
        schema: tuple[ResultColumn, ...] = (),
        table: pa.Table | None = None,
        stream: Iterator[pa.RecordBatch] | None = None,
        arrow_schema: pa.Schema | None = None,
        message: str = "",
        notices: tuple[str, ...] = (),
        num_changed_rows: int | None = None,
        model: ModelVersion | None = None,
        training: TrainResult | None = None,
        close: Callable[[], object] = lambda: None,
    ) -> None:
        self.kind = kind
        """What kind of statement it was, as BigQuery's jobs name it: `SELECT`, `CREATE_MODEL`, `INSERT`."""
        self.schema = schema
        self.message = message
        """What was done, in a line; empty for queries."""
        self.notices = notices
        """What the user should know."""
        self.num_changed_rows = num_changed_rows
        """Of INSERT, UPDATE, DELETE, MERGE; else None."""
        self.model = model
        """The version that CREATE MODEL made; else None."""
        self.training = training
        """What that training left behind: its evaluation, its notes; None where nothing was trained."""
        self.seconds = 0.0
        """How long the statement took, up to its first rows."""
        self.sql = ""
        """The statement's text."""
        self._table = table
        self._stream = stream
        self._arrow_schema = arrow_schema if arrow_schema is not None else table.schema if table is not None else None
        self._close = close

    @property
    def num_rows(self) -> int | None:
        """How many rows there are; None while that is not known."""
        return None if self._table is None else int(self._table.num_rows)

    @property
    def is_table(self) -> bool:
        """Whether the statement answers rows."""
        return bool(self.schema)

    @property
    def arrow_schema(self) -> pa.Schema:
        """Names and Arrow types of the columns."""
        return self._arrow_schema if self._arrow_schema is not None else pa.schema([])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows as they are made; once, unless they are kept. Raises HaganeError, where a row cannot be made."""
        if self._table is not None:
            yield from self._table.to_batches()
            return
        stream, self._stream = self._stream, None
        if stream is None:
            if not self.is_table:
                return
            step = "run the statement again; or call arrow() first, which keeps them"
            raise DataError(Fault(what="the rows of this result have been read", next_step=step))
        try:
            yield from stream
        finally:
            self.close()

    def reader(self) -> pa.RecordBatchReader:
        """The rows as a stream of Arrow; once, unless they are kept."""
        return pa.RecordBatchReader.from_batches(self.arrow_schema, self.batches())

    def arrow(self) -> pa.Table:
        """All rows."""
        if self._table is None:
            self._table = pa.Table.from_batches(list(self.batches()), self.arrow_schema)
        return self._table

    def pandas(self) -> pd.DataFrame:
        """All rows as pandas has them."""
        frame: pd.DataFrame = self.arrow().to_pandas()
        return frame

    def polars(self) -> pl.DataFrame:
        """All rows as Polars has them. Raises ModuleNotFoundError without Polars."""
        import polars as pl

        frame = pl.from_arrow(self.arrow())
        assert isinstance(frame, pl.DataFrame)
        return frame

    def rows(self) -> list[dict[str, Any]]:
        """All rows as mappings of column to value."""
        found: list[dict[str, Any]] = self.arrow().to_pylist()
        return found

    def value(self) -> Any:
        """The only value of a result of one row and one column. Raises DataError for any other."""
        table = self.arrow()
        if table.shape != (1, 1):
            received = f"{table.num_rows} rows of {table.num_columns} columns"
            raise DataError(
                Fault(what="the result is not one value", expected="one row, one column", received=received)
            )
        return table.column(0)[0].as_py()

    def close(self) -> None:
        """End what is held for rows that are not read yet."""
        self._stream = None
        end, self._close = self._close, lambda: None
        end()

    def first_rows(self, count: int) -> tuple[list[dict[str, Any]], bool]:
        """At most `count` rows, and whether there are more; the others are not made. The rest can be read no more.

        >>> Result(kind="SELECT", schema=(ResultColumn("n", "INT64"),), table=pa.table({"n": [1, 2]})).first_rows(1)
        ([{'n': 1}], True)
        """
        found: list[dict[str, Any]] = []
        for batch in self.batches():
            found += batch.slice(0, count + 1 - len(found)).to_pylist()
            if len(found) > count:
                break
        self.close()
        return found[:count], len(found) > count

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for batch in self.batches():
            yield from batch.to_pylist()

    def __repr__(self) -> str:
        if not self.is_table:
            return f"Result({self.kind}: {self.message or 'done'})"
        columns = ", ".join(f"{column.name} {column.type}" for column in self.schema)
        return f"Result({self.kind}: {columns})"

    def _repr_html_(self) -> str:
        """What notebooks show: the first rows."""
        if not self.is_table:
            return f"<p>{self.message}</p>"
        return self.pandas().head(SHOWN_ROWS).to_html() if self.arrow().num_rows else repr(self)
