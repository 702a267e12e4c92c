"""`draw_sample`: some rows of a table in memory, as numbers and codes, for what needs all columns at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.data.engine import quote_name
from hagane.data.table import ROW, Table
from hagane.progress import SILENT, Progress
from hagane.statistics.statistics import ColumnStatistics, Statistics
from hagane.types import Column, SqlType

SAMPLED_ROWS = 100_000
"""Asked for where the caller says nothing."""
MAX_CELLS, MIN_ROWS = 10_000_000, 5_000
"""Of a wide table fewer rows are kept, so that the sample holds about 80 MB; never fewer than 5,000."""
NUMBER_BYTES = 8
MAX_CATEGORIES = 256
"""A column of more values keeps the most frequent; the rest share one code, `OTHER`."""
MAX_DISTINCT = 1_000
"""A STRING column of more values is text or a key, no category: of it only the lengths are kept."""
FEW_DISTINCT = 20
"""So few values are categories even where hardly any repeats."""
OTHER = "(other values)"

Floats = npt.NDArray[np.float64]
Role = Literal["number", "category", "text"]


@dataclass(frozen=True, slots=True)
class SampledColumn:
    """One column's sampled values."""

    name: str
    type: SqlType
    role: Role
    values: Floats
    """[n]: numbers (BOOL as 0 and 1, DATE in days and TIMESTAMP in seconds since 1970), codes of categories, or the
    lengths of texts in characters; NaN for NULL, NaN and ±inf."""
    categories: tuple[str, ...] = ()
    """The values that the codes stand for, the most frequent first."""

    @property
    def codes(self) -> npt.NDArray[np.int64]:
        """Codes of categories, [n]; -1 for NULL."""
        return np.where(np.isnan(self.values), -1, self.values).astype(np.int64)


@dataclass(frozen=True, slots=True)
class TableSample:
    """Rows chosen by hash of their position, so that the same table gives the same sample."""

    num_table_rows: int
    positions: npt.NDArray[np.int64]
    """Numbers of the rows (`ROW`), [n], ascending: from 0, or by file and row of the file."""
    columns: tuple[SampledColumn, ...]

    @property
    def num_rows(self) -> int:
        """How many rows were drawn."""
        return len(self.positions)

    @property
    def is_whole(self) -> bool:
        """Whether every row of the table is there."""
        return self.num_rows == self.num_table_rows

    def __getitem__(self, name: str) -> SampledColumn:
        """A column by name. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def of_role(self, role: Role) -> tuple[SampledColumn, ...]:
        """The columns of one role, in the table's order."""
        return tuple(column for column in self.columns if column.role == role)


def draw_sample(
    table: Table, statistics: Statistics, *, num_rows: int = SAMPLED_ROWS, progress: Progress = SILENT
) -> TableSample:
    """About `num_rows` rows of every column (all of them where there are no more), in one scan.

    >>> from hagane.data.open_table import open_table
    >>> from hagane.statistics.measure import measure_statistics
    >>> table = open_table(pa.table({"age": [31, None, 40], "job": ["nurse", "pilot", "nurse"]}))
    >>> sample = draw_sample(table, measure_statistics(table))
    >>> sample["age"].values, sample["job"].categories, sample["job"].codes
    (array([31., nan, 40.]), ('nurse', 'pilot'), array([0, 1, 0]))
    """
    columns = tuple(table.schema)
    cells = min(MAX_CELLS, table.engine.memory.sample_bytes // NUMBER_BYTES)
    limit = min(num_rows, max(MIN_ROWS, cells // max(1, len(columns))))
    share = min(1.0, limit / max(1, table.num_rows))
    roles = [role_of(statistics[column.name]) for column in columns]
    with progress.phase("sample", total=table.num_rows) as phase:
        rows = table.query(_sample_sql(columns, roles, share), with_row=True)
        phase.advance(table.num_rows)
    places = rows.column(len(columns)).to_numpy().astype(np.int64)
    order = np.argsort(places, kind="stable")
    sampled = (
        _column(column, role, rows.column(index), order)
        for index, (column, role) in enumerate(zip(columns, roles, strict=True))
    )
    return TableSample(table.num_rows, places[order], tuple(sampled))


def role_of(column: ColumnStatistics) -> Role:
    """How a column is looked at: STRING is a category where values repeat, and text where hardly any does."""
    if column.type is SqlType.STRING:
        distinct = column.num_distinct or 0
        repeats = distinct <= FEW_DISTINCT or 2 * distinct <= column.count
        return "category" if distinct <= MAX_DISTINCT and repeats else "text"
    return "text" if column.type.value.startswith("ARRAY") else "number"


def number_sql(column: Column) -> str:
    """SQL of the column's number, as `SampledColumn.values` has it."""
    name = quote_name(column.name)
    forms = {SqlType.TIMESTAMP: f"epoch_us({name}) / 1e6", SqlType.DATE: f"({name} - DATE '1970-01-01')"}
    value = f"CAST({forms.get(column.type, name)} AS DOUBLE)"
    return f"CASE WHEN isfinite({value}) THEN {value} END" if column.type is SqlType.FLOAT64 else value


def _sample_sql(columns: tuple[Column, ...], roles: list[Role], share: float) -> str:
    inner = ", ".join(f"{_value_sql(column, role)} AS c{index}" for index, (column, role) in _numbered(columns, roles))
    listed = "".join(f"c{index}, " for index in range(len(columns)))
    kept = f" WHERE hash(place) < {int(share * 2**64)}" if share < 1 else ""
    comma = ", " if inner else ""
    return f"SELECT {listed}place FROM (SELECT {inner}{comma}{ROW} AS place FROM data){kept}"


def _numbered(columns: tuple[Column, ...], roles: list[Role]) -> Iterator[tuple[int, tuple[Column, Role]]]:
    return enumerate(zip(columns, roles, strict=True))


def _value_sql(column: Column, role: Role) -> str:
    if role == "number":
        return number_sql(column)
    name = quote_name(column.name)
    return f"CAST(length({name}) AS DOUBLE)" if role == "text" else name


def _column(column: Column, role: Role, values: pa.ChunkedArray[Any], order: npt.NDArray[np.int64]) -> SampledColumn:
    if role == "category":
        codes, categories = _codes(values)
        return SampledColumn(column.name, column.type, role, codes[order], categories)
    numbers = np.asarray(values.cast(pa.float64()).to_numpy(), np.float64)
    return SampledColumn(column.name, column.type, role, numbers[order])


def _codes(values: pa.ChunkedArray[Any]) -> tuple[Floats, tuple[str, ...]]:
    """Codes by falling frequency, equally frequent values by name; NaN for NULL."""
    encoded: Any = values.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = (
            pa.concat_arrays(encoded.chunks) if encoded.num_chunks else pa.array([], pa.string()).dictionary_encode()
        )
    words = [str(word) for word in encoded.dictionary.to_pylist()]
    indices = np.asarray(encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False))
    counts = np.bincount(indices[indices >= 0], minlength=len(words))
    ranked = sorted(range(len(words)), key=lambda index: (-counts[index], words[index]))
    kept = ranked if len(ranked) <= MAX_CATEGORIES else ranked[: MAX_CATEGORIES - 1]
    codes = np.full(len(words) + 1, len(kept), np.float64)
    codes[kept] = np.arange(len(kept))
    codes[-1] = np.nan
    names = tuple(words[index] for index in kept)
    return codes[indices], names if len(kept) == len(ranked) else (*names, OTHER)
