"""`repeatable_rows`: a query whose rows come in the same order every time, so that a training can be repeated."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hagane.data.engine import quote_name
from hagane.sql.row_order import has_row_order


def repeatable_rows(query: str, names: Sequence[str], explain: Callable[[str], str]) -> str:
    """The query (DuckDB's SQL), its rows put into a fixed order where it has none; `explain` gives DuckDB's plan of it.

    Joins and groups come in whatever order DuckDB's threads finish: such rows are ordered by the hash of all their
    values. Ordering by the values themselves would put like rows side by side, which training's shuffle is to avoid.

    >>> repeatable_rows("SELECT a FROM t", ["a"], lambda query: "")
    'SELECT a FROM t\\n'
    >>> repeatable_rows("SELECT a FROM t GROUP BY a", ["a"], lambda query: "")
    'SELECT * FROM (SELECT a FROM t GROUP BY a\\n) AS rows ORDER BY hash(rows."a")'
    """
    if has_row_order(query) and not _loses_order(explain(query)):
        return f"{query}\n"
    listed = ", ".join(f"rows.{quote_name(name)}" for name in names)
    return f"SELECT * FROM ({query}\n) AS rows ORDER BY hash({listed})"


def _loses_order(plan: str) -> bool:
    """Whether DuckDB plans a join above which nothing is ordered: it makes joins of more than is called so."""
    join, orders = plan.find("Join"), [plan.find(name) for name in ("Order By", "Top N")]
    return join >= 0 and not any(0 <= order < join for order in orders)
