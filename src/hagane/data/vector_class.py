"""`with_vector_class`: a one-hot label that lies in an array as the one column of classes that it stands for."""

from __future__ import annotations

from hagane.data.replace_columns import replace_columns
from hagane.data.table import Table
from hagane.types import SqlType


def with_vector_class(table: Table, column: str) -> Table:
    """The table in which the array `column` is an INT64: the place, from 0, of the only element that is 1.

    It is NULL in rows in which no element is 1, or several are.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> table = open_table(pa.table({"digit": [[0, 0, 1], [1, 0, 0], [1, 1, 0], None]}))
    >>> with_vector_class(table, "digit").query("SELECT * FROM data")["digit"].to_pylist()
    [2, 0, None, None]
    """
    vector = table.typed.casts[column]
    num_true = f"len(list_filter({vector}, lambda hagane_e: hagane_e = 1))"
    place = f"CASE WHEN {num_true} = 1 THEN CAST(list_position({vector}, 1) - 1 AS BIGINT) END"
    return replace_columns(table, (column,), {column: (SqlType.INT64, place)})
