"""`count_distinct`: the distinct values of every row, as HyperLogLog sketches, by DuckDB's hash."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.data.engine import quote_name
from hagane.data.table import Table
from hagane.statistics.distinct_sketch import LOG_REGISTERS, DistinctSketch
from hagane.types import SqlType

_COLUMNS_A_QUERY = 32


def count_distinct(table: Table, names: Sequence[str]) -> dict[str, DistinctSketch]:
    """A sketch for every one of these columns but BOOL; NULL and NaN are no values.

    A register's rank is that of the least hash that fell to it, so that each column is one grouping by 4,096 small
    numbers, in memory that does not grow.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> round(count_distinct(open_table(pa.table({"n": [1, 1, 2, None]})), ["n"])["n"].estimate())
    2
    """
    counted = [name for name in names if table.schema[name].type is not SqlType.BOOL]
    sketches: dict[str, DistinctSketch] = {}
    for start in range(0, len(counted), _COLUMNS_A_QUERY):
        chunk = counted[start : start + _COLUMNS_A_QUERY]
        parts = [_registers_sql(index, name) for index, name in enumerate(chunk)]
        found = table.select(chunk).query(" UNION ALL ".join(parts))
        columns, least = found.column(0).to_numpy(), found.column(1).to_numpy()
        sketches |= {name: DistinctSketch.of(least[columns == index]) for index, name in enumerate(chunk)}
    return sketches


def _registers_sql(index: int, name: str) -> str:
    """The column's number, and the least hash of each register: the one whose bits above the register's are least."""
    hashed = f"SELECT {hash_sql(name)} AS h FROM data WHERE {quote_name(name)} IS NOT NULL"
    split = f"SELECT CAST(h & {(1 << LOG_REGISTERS) - 1} AS USMALLINT) AS register, h FROM ({hashed})"
    return f"SELECT {index} AS i, min(h) AS least FROM ({split}) GROUP BY register"


def hash_sql(name: str) -> str:
    """DuckDB's hash of a column, 64 bits; -0.0 is 0.0."""
    return f"hash({quote_name(name)})"
