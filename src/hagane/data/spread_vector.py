"""`spread_vector`: an array whose elements are labels as a column for each."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.counted import counted
from hagane.data.engine import quote_name
from hagane.data.replace_columns import replace_columns
from hagane.data.table import Table
from hagane.errors import DataError, Fault
from hagane.types import SqlType

MOST_ELEMENTS = 1_000
ELEMENT_TYPES = {SqlType.ARRAY_INT64: SqlType.INT64, SqlType.ARRAY_FLOAT64: SqlType.FLOAT64}


def spread_vector(table: Table, column: str, names: Sequence[str]) -> Table:
    """The table with the elements of the array `column` in columns called `names`, as many as every array has.

    Where the array is NULL, they are. Raises DataError for arrays of another length.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> table = open_table(pa.table({"y": [[1, 2], None], "x": [7, 8]}))
    >>> spread_vector(table, "y", ("y_0", "y_1")).query("SELECT * FROM data").to_pylist()
    [{'y_0': 1, 'y_1': 2, 'x': 7}, {'y_0': None, 'y_1': None, 'x': 8}]
    """
    if (length := vector_length(table, column)) != len(names):
        raise DataError(_wrong_length(column, f"arrays of {len(names)} elements", f"{length}"))
    type_, vector = ELEMENT_TYPES[table.schema[column].type], table.typed.casts[column]
    made = {name: (type_, f"list_extract({vector}, {place})") for place, name in enumerate(names, 1)}
    return replace_columns(table, (column,), made)


def vector_length(table: Table, column: str) -> int:
    """How many elements each array of `column` has. Raises DataError where they differ, and for too many or none."""
    quoted = quote_name(column)
    found = table.query(
        f"SELECT len({quoted}) AS length, count(*) AS num_rows FROM data WHERE {quoted} IS NOT NULL "
        "GROUP BY length ORDER BY num_rows DESC, length LIMIT 4"
    ).to_pylist()
    if not found:
        raise DataError(Fault(what=f"the label {column!r} is NULL in every row", where="label"))
    if len(found) > 1:
        told = ", ".join(f"{each['length']:,} in {counted(each['num_rows'], 'row')}" for each in found[:3])
        raise DataError(_wrong_length(column, "arrays of one length", told + (", …" if len(found) > 3 else "")))
    length = int(found[0]["length"])
    if not 1 <= length <= MOST_ELEMENTS:
        raise DataError(_wrong_length(column, f"from 1 to {MOST_ELEMENTS:,} elements", f"{length:,}"))
    return length


def _wrong_length(column: str, expected: str, received: str) -> Fault:
    return Fault(
        what=f"the arrays of the label {column!r} have the wrong length",
        where="label",
        expected=expected,
        received=received,
        next_step="mend them in the data query, or leave the rows out there",
    )
