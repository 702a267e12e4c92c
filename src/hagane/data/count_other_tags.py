"""`count_other_tags`: texts of a label that is a set of them, for which a model has no label."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.data.engine import quote_name, quote_text
from hagane.data.table import Table


def count_other_tags(table: Table, column: str, known: Sequence[str]) -> dict[str, int]:
    """Text → rows whose array `column` holds it, of the texts that are none of `known`; those of most rows first.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> table = open_table(pa.table({"tags": [["new", "red"], ["old", "old"], ["old", "odd"], None]}))
    >>> count_other_tags(table, "tags", ["new", "red"])
    {'old': 2, 'odd': 1}
    """
    words = f"SELECT unnest(list_distinct({quote_name(column)})) AS tag FROM data"
    listed = ", ".join(map(quote_text, known))
    found = table.query(
        f"SELECT tag, count(*) AS num_rows FROM ({words}) AS words WHERE tag IS NOT NULL AND tag NOT IN ({listed}) "
        "GROUP BY tag ORDER BY num_rows DESC, tag"
    )
    return dict(zip(found["tag"].to_pylist(), found["num_rows"].to_pylist(), strict=True))
