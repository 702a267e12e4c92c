"""`no_rows`: the fault of a table without rows."""

from __future__ import annotations

from hagane.data.table import Table
from hagane.errors import Fault


def no_rows(table: Table) -> Fault:
    """What to raise in a DataError where there is nothing to look at; lines that could not be parsed are named.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> print(no_rows(open_table(pa.table({"age": pa.array([], pa.int64())}))).render())
    there are no rows
      next: look at the file, or at what the data query gives
    """
    bad = table.bad_rows
    received = bad.summary() if bad.count else ""
    step = "look at the file, or at what the data query gives"
    return Fault(what="there are no rows", received=received, next_step=step)
