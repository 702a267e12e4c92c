"""`Table`: a lazy relation of typed columns, streamed as Arrow record batches."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from hagane.data.arrow_types import ARROW_TYPES
from hagane.data.bad_rows import BadRows
from hagane.data.batches import can_read_directly, encode_strings, read_parquet_directly
from hagane.data.column_type import TypedColumns
from hagane.data.engine import Engine, quote_name
from hagane.data.file_stamp import check_files
from hagane.data.origin import READING_RULES, Origin
from hagane.data.row_set import RowSet
from hagane.errors import DataError, Fault, nearest
from hagane.types import Schema, SqlType

BATCH_ROWS = 65_536
BLOCK = "hagane_block"
"""A whole number that neighbouring rows of a file share (0 where the rows lie in memory).

A sum over each block, summed exactly, does not depend on which of DuckDB's threads was first.
"""
BLOCK_BITS = 16
"""A block is 2 to the power of this many rows."""
ROW = "hagane_row"
"""A whole number that a row keeps whatever is selected: it ascends in the source's order; see `Table.place`."""
FILE_BITS = 40
"""Where the rows lie in Parquet files, a row's number is its file's shifted by as many bits, plus its own there."""


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Rows that can be read again and again, in the same order; made by `open_table`.

    Types are normalised: every integer is INT64, FLOAT and DECIMAL are FLOAT64, ENUM and UUID are STRING, timestamps
    are UTC microseconds (a naive one is taken as UTC), lists and fixed-size arrays are ARRAY. NaN is read as NULL.
    """

    engine: Engine
    origin: Origin
    typed: TypedColumns
    """All of the source's columns."""
    names: tuple[str, ...] | None = None
    """The selected columns, in order; None for all."""
    conditions: tuple[str, ...] = ()
    """SQL conditions that every row fulfils."""
    rows: RowSet | None = None
    """Which of the source's rows are there; None for all. Made by `take` and `without_rows`."""

    def __repr__(self) -> str:
        columns = ", ".join(f"{column.name} {column.type.value}" for column in self.schema)
        return f"Table({columns})"

    @property
    def schema(self) -> Schema:
        """The columns that can be used, in order."""
        return self.typed.schema if self.names is None else self.typed.schema.select(self.names)

    @property
    def unsupported(self) -> tuple[Fault, ...]:
        """The columns left out because their type is none of ours: why, and the way out."""
        return self.typed.unsupported

    @functools.cached_property
    def num_rows(self) -> int:
        """How many rows there are; counted at the first use."""
        return int(self.query("SELECT count(*) AS n FROM data")["n"][0].as_py())

    @property
    def bad_rows(self) -> BadRows:
        """The lines that could not be parsed, and were left out of this table."""
        return self.origin.bad_rows

    def check_bad_rows(self, limit: float) -> None:
        """Raise BadRowsError when more than the share `limit` of the source's rows could not be parsed."""
        self.bad_rows.check(limit)

    def fingerprint(self) -> str:
        """Hexadecimal digest that changes with the files, the query, the selection, or the rules of reading.

        Files count by path, size, time of change and their ends (see `hagane.data.origin.digest_files`), rows in memory
        by every value.
        """
        chosen = (*self.conditions, *([self.rows.digest] if self.rows else []))
        parts = (READING_RULES, self.origin.identity(), self.schema, chosen)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def select(self, columns: Sequence[str]) -> Table:
        """Only these columns, in this order. Raises DataError naming every column that is not there."""
        self.check_columns(columns)
        return replace(self, names=tuple(columns))

    def where(self, sql_condition: str) -> Table:
        """Only the rows for which the condition (DuckDB's SQL over this table's columns) is true. Raises DataError."""
        narrowed = replace(self, conditions=(*self.conditions, sql_condition))
        self.engine.columns(
            f"SELECT ({sql_condition}\n) FROM data", shown_sql=sql_condition, views={"data": self.sql()}
        )
        return narrowed

    def take(self, chosen: npt.NDArray[np.bool_], condition: str) -> Table:
        """Only the rows that `chosen` [num_rows] says, which are those that fulfil `condition`.

        The condition is asked again only where the rows lie in memory, or their places are not known.
        """
        if self.conditions or (self.rows is None and not self.origin.parquet):
            return self.where(condition)
        there = chosen
        if self.rows is not None:
            there = self.rows.chosen()
            there[there.copy()] = chosen
        if len(there) != self._num_source_rows:
            return self.where(condition)
        return replace(self, rows=RowSet.of(self.engine, there))

    def without_rows(self, rows: npt.NDArray[np.int64]) -> Table:
        """Without the rows of these numbers (`ROW`); the others keep their order and their numbers."""
        ends = self._file_ends
        there = np.ones(self._num_source_rows, np.bool_) if self.rows is None else self.rows.chosen()
        places = rows if ends is None else (ends - np.diff(ends, prepend=0))[rows >> FILE_BITS] + rows % 2**FILE_BITS
        there[places] = False
        return replace(self, rows=RowSet.of(self.engine, there))

    @functools.cached_property
    def _file_ends(self) -> npt.NDArray[np.int64] | None:
        """[files] how many rows there are up to the end of each Parquet file; None where rows are numbered as one."""
        files = self.origin.parquet
        return np.cumsum([pq.read_metadata(file).num_rows for file in files]) if files else None

    @property
    def _num_source_rows(self) -> int:
        if self._file_ends is not None:
            return int(self._file_ends[-1])
        return int(self.engine.query(f"SELECT count(*) AS n FROM {self.origin.sql}")["n"][0].as_py())

    def query(self, sql: str, *, keep_nan: bool = False, with_block: bool = False, with_row: bool = False) -> pa.Table:
        """The result of DuckDB SQL in which this table is named `data`. Raises DataError, the SQL underlined.

        `keep_nan` leaves NaN in FLOAT64 columns instead of NULL, to count them. `with_block` adds the column `BLOCK`,
        `with_row` the column `ROW`.
        """
        view = self.sql(keep_nan=keep_nan, with_block=with_block, with_row=with_row)
        with self._watched():
            return self.engine.query(sql, views={"data": view})

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Raise DataError when a file was changed meanwhile; tell which files a fault is about that names none."""
        try:
            yield
        except DataError as error:
            check_files(self.origin.files)
            if error.faults[0].sql or error.faults[0].where or not self.origin.files:
                raise
            listed = ", ".join(str(stamp.path) for stamp in self.origin.files[:3])
            more = " …" if len(self.origin.files) > 3 else ""
            raise DataError(msgspec.structs.replace(error.faults[0], where=f"{listed}{more}")) from None
        check_files(self.origin.files)

    def place(self, row: int) -> str:
        """Where the row of this number (`ROW`) is, counted from 1: in a file where that is the user's own.

        >>> import pyarrow as pa
        >>> from hagane.data.open_table import open_table
        >>> open_table(pa.table({"n": [1, 2]})).place(1)
        'row 2'
        """
        files, number = self.origin.parquet, row % 2**FILE_BITS + 1
        if not files or files[0].parent == self.engine.folder:
            return f"row {number:,}"
        return f"{files[row >> FILE_BITS]} row {number:,}"

    def query_batches(self, sql: str, *, batch_rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """The result of SQL over `data`, as `query`, but streamed."""
        with self._watched():
            yield from self.engine.batches(sql, batch_rows, views={"data": self.sql()})

    def batches(
        self,
        columns: Sequence[str] | None = None,
        *,
        batch_rows: int = BATCH_ROWS,
        dictionary: bool | Collection[str] = False,
    ) -> Iterator[pa.RecordBatch]:
        """The rows in order, as record batches of at most `batch_rows` rows and of exactly these types:

        bool, int64, double, string, timestamp[us, tz=UTC], date32, lists of them. With `dictionary`, strings (or those
        of the columns it names) come as dictionary<values=string, indices=int32>. Raises DataError for unknown columns
        and values out of range.
        """
        names = self.schema.names if columns is None else tuple(columns)
        self.check_columns(names)
        check_files(self.origin.files)
        schema = self.schema.select(names)
        is_whole = not self.conditions and self.rows is None
        encoded = frozenset((schema.names if dictionary else ()) if isinstance(dictionary, bool) else dictionary)
        if is_whole and can_read_directly(self.origin, schema):
            return self._batches_directly(schema, batch_rows, encoded)
        return self._batches_by_duckdb(schema, batch_rows, encoded)

    def _batches_directly(
        self, schema: Schema, batch_rows: int, dictionary: frozenset[str]
    ) -> Iterator[pa.RecordBatch]:
        # A generator of this table's own: whoever reads it keeps the table, and with it the engine's folder.
        ahead = self.engine.memory.read_ahead_bytes
        with self._watched():
            yield from read_parquet_directly(
                self.origin, schema, batch_rows, dictionary=dictionary, read_ahead_bytes=ahead
            )

    def _batches_by_duckdb(
        self, schema: Schema, batch_rows: int, dictionary: frozenset[str]
    ) -> Iterator[pa.RecordBatch]:
        listed = ", ".join(map(quote_name, schema.names)) or "1 AS no_columns"
        for batch in self.query_batches(f"SELECT {listed} FROM data", batch_rows=batch_rows):
            typed = conform(batch, schema)
            yield encode_strings(typed, dictionary)

    def sql(self, *, keep_nan: bool = False, with_block: bool = False, with_row: bool = False) -> str:
        """The SELECT that gives this table's rows, normalised."""
        added = {BLOCK: self._block_sql} if with_block else {}
        added |= {ROW: ROW if self.rows is not None and not self.origin.parquet else self._row_sql} if with_row else {}
        more = [f"{sql} AS {name}" for name, sql in added.items()]
        listed = ", ".join([*(self._column_sql(name, keep_nan) for name in self.schema.names), *more])
        inner = ", ".join([*(self._column_sql(name, keep_nan) for name in self.typed.schema.names), *more])
        if not self.conditions:
            return f"SELECT {listed or '1 AS no_columns'} FROM {self._rows_sql}"
        condition = " AND ".join(f"({condition}\n)" for condition in self.conditions)
        chosen = ", ".join([*map(quote_name, self.schema.names), *added])
        return f"SELECT {chosen} FROM (SELECT {inner} FROM {self._rows_sql}) AS data WHERE {condition}"

    @property
    def _rows_sql(self) -> str:
        """The source, its rows narrowed to those of `rows`."""
        if self.rows is None:
            return self.origin.sql
        if self.origin.parquet:
            return f"{self.origin.sql} WHERE {self.rows.has_sql(self._place_sql)}"
        numbered = f"(SELECT *, {self._row_sql} AS {ROW} FROM {self.origin.sql})"
        return f"{numbered} WHERE {self.rows.has_sql(ROW)}"

    @property
    def _block_sql(self) -> str:
        if not self.origin.parquet:
            return "0"
        # BIGINT throughout: DuckDB's own type for the sum would be HUGEINT, and grouping by it a fifth slower.
        return f"CAST(file_index AS BIGINT) * {2**40} + (file_row_number >> {BLOCK_BITS})"

    @property
    def _place_sql(self) -> str:
        """The row's place among those of all the source's files."""
        ends = self._file_ends
        if ends is None or len(ends) == 1:
            return "file_row_number"
        starts = ", ".join(str(start) for start in (0, *ends[:-1]))
        return f"file_row_number + CAST([{starts}][CAST(file_index AS BIGINT) + 1] AS BIGINT)"

    @property
    def _row_sql(self) -> str:
        if not self.origin.parquet:
            return "row_number() OVER () - 1"
        return f"CAST(file_index AS BIGINT) * {2**FILE_BITS} + file_row_number"

    def _column_sql(self, name: str, keep_nan: bool) -> str:
        cast = self.typed.casts[name]
        if self.typed.schema[name].type is SqlType.FLOAT64 and not keep_nan:
            # Not nullif: DuckDB decides comparisons by the file's extremes, and those leave NaN out.
            cast = f"CASE WHEN isnan({cast}) THEN NULL ELSE {cast} END"
        if self.typed.schema[name].type is SqlType.ARRAY_FLOAT64 and not keep_nan:
            cast = f"list_transform({cast}, lambda hagane_e: CASE WHEN isnan(hagane_e) THEN NULL ELSE hagane_e END)"
        return f"{cast} AS {quote_name(name)}" if cast != quote_name(name) else cast

    def check_columns(self, names: Sequence[str]) -> None:
        """Raise DataError naming every one of `names` that is no column of this table, or is there twice."""
        faults = [self._unknown(name) for name in names if name not in self.schema]
        faults += [
            Fault(what=f"column {name!r} is named twice")
            for name in dict.fromkeys(names)
            if list(names).count(name) > 1
        ]
        if faults:
            raise DataError(*faults)

    def _unknown(self, name: str) -> Fault:
        known = self.schema.names
        return Fault(
            what=f"no column {name!r}",
            expected="one of " + ", ".join(known[:20]) + (" …" if len(known) > 20 else ""),
            nearest=nearest(name, known),
        )


def conform(batch: pa.RecordBatch, schema: Schema) -> pa.RecordBatch:
    """The batch with exactly the Arrow types of `schema` (its columns are in order)."""
    if not len(schema):
        return batch
    arrays = [array.cast(ARROW_TYPES[column.type]) for array, column in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=list(schema.names))
