"""`count_indicators`: how many of the columns of a label are true in a row, counted over all rows."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hagane.data.engine import quote_name
from hagane.data.table import Table
from hagane.types import SqlType

INDICATOR_TYPES = (SqlType.BOOL, SqlType.INT64, SqlType.FLOAT64)


class IndicatorCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Rows, by how many of some columns are true in them."""

    num_none: int
    """No column is true, and one of them has a value."""
    num_one: int
    num_several: int
    num_null: int
    """Every column is NULL."""
    others: dict[str, int]
    """Column → its values that are neither 0 nor 1, where it has any."""

    @property
    def is_one_hot(self) -> bool:
        """Whether in every row exactly one column is true."""
        return self.num_one > 0 and not self.num_none and not self.num_several

    @property
    def are_indicators(self) -> bool:
        """Whether every value is 0, 1 or NULL."""
        return not self.others


def count_indicators(table: Table, columns: Sequence[str]) -> IndicatorCounts:
    """One scan of `columns`, which are BOOL, INT64 or FLOAT64.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> table = open_table(pa.table({"cat": [1, 0, 1, None], "dog": [False, False, True, None]}))
    >>> count_indicators(table, ("cat", "dog"))
    IndicatorCounts(num_none=1, num_one=1, num_several=1, num_null=1, others={})
    """
    numbers = {column: f"CAST({quote_name(column)} AS DOUBLE)" for column in columns}
    num_true = " + ".join(f"CAST(coalesce({number} = 1, FALSE) AS INTEGER)" for number in numbers.values())
    is_null = " AND ".join(f"{quote_name(column)} IS NULL" for column in columns)
    others = ", ".join(f"count(CASE WHEN {number} NOT IN (0, 1) THEN 1 END)" for number in numbers.values())
    inner = f"SELECT {num_true} AS hagane_true, {is_null} AS hagane_null, * FROM data"
    kinds = [f"count(CASE WHEN NOT hagane_null AND {condition} THEN 1 END)"
             for condition in ("hagane_true = 0", "hagane_true = 1", "hagane_true > 1")]  # fmt: skip
    found = table.query(
        f"SELECT {', '.join(kinds)}, count(CASE WHEN hagane_null THEN 1 END), {others} FROM ({inner}) AS counted"
    )
    none, one, several, null, *rest = (column[0].as_py() for column in found.columns)
    return IndicatorCounts(
        num_none=none,
        num_one=one,
        num_several=several,
        num_null=null,
        others={column: count for column, count in zip(columns, rest, strict=True) if count},
    )
