"""`spread_tags`: a label that is a set of words as a column for each word."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.data.engine import quote_name, quote_text
from hagane.data.replace_columns import replace_columns
from hagane.data.table import Table
from hagane.errors import DataError, Fault
from hagane.types import SqlType

MOST_TAGS = 1_000


def spread_tags(table: Table, column: str, tags: Mapping[str, str]) -> Table:
    """The table with BOOL columns in the place of `column`, an array of texts: name → the text that it must hold.

    Where the array is NULL, they are.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> table = open_table(pa.table({"tags": [["new", "red"], [], None]}))
    >>> spread_tags(table, "tags", {"is_new": "new"}).query("SELECT * FROM data")["is_new"].to_pylist()
    [True, False, None]
    """
    words = table.typed.casts[column]
    made = {name: (SqlType.BOOL, f"list_contains({words}, {quote_text(tag)})") for name, tag in tags.items()}
    return replace_columns(table, (column,), made)


def distinct_tags(table: Table, column: str) -> tuple[str, ...]:
    """The texts that the arrays of `column` hold, ascending. Raises DataError for none, and for more than 1,000."""
    inner = f"SELECT unnest({quote_name(column)}) AS tag FROM data"
    found = table.query(f"SELECT DISTINCT tag FROM ({inner}) AS tags WHERE tag IS NOT NULL LIMIT {MOST_TAGS + 1}")
    tags = sorted(found["tag"].to_pylist())
    if 1 <= len(tags) <= MOST_TAGS:
        return tuple(tags)
    raise DataError(
        Fault(
            what=f"the arrays of the label {column!r} hold {'too many' if tags else 'no'} texts",
            where="label",
            expected=f"from 1 to {MOST_TAGS:,} different ones",
            received=f"more than {MOST_TAGS:,}" if tags else "none in any row",
            next_step="group them in the data query, or keep the frequent ones there (list_filter)",
        )
    )
