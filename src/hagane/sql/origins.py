"""Which columns of a query are not simply read from its first table.

What happened before the row (joins, aggregates, window functions) is not in the graph: at serving time it is the
caller's to repeat. So the signature says of each such column where it came from.
"""

from __future__ import annotations

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from hagane.sql.dialects import QueryDialect


def column_origins(query: str) -> dict[str, str]:
    """Output column → where it came from, for those that a join, an aggregate or a window function made.

    The query is DuckDB's dialect. What cannot be understood (a star over a join, a set operation, another statement)
    is left out rather than guessed.

    >>> column_origins("SELECT f.id, w.temp, count(*) OVER () AS n FROM flights f LEFT JOIN weather w USING (hour)")
    {'temp': 'join with weather', 'n': 'window function'}
    """
    try:
        tree = sqlglot.parse_one(query, read=QueryDialect)
    except (SqlglotError, RecursionError):
        return {}
    if not isinstance(tree, exp.Select):
        return {}
    joined = _joined_tables(tree)
    found = ((item.alias_or_name, _origin(item, joined)) for item in tree.expressions)
    return {name: origin for name, origin in found if name and origin}


def _joined_tables(select: exp.Select) -> dict[str, str]:
    tables = {}
    for join in select.args.get("joins") or ():
        source = join.this
        name = source.name if isinstance(source, exp.Table) and source.name else source.alias_or_name
        tables[source.alias_or_name] = name
    return tables


def _origin(item: exp.Expression, joined: dict[str, str]) -> str:
    if item.find(exp.Window):
        return "window function"
    if item.find(exp.AggFunc):
        return "aggregate"
    sources = dict.fromkeys(joined[c.table] for c in item.find_all(exp.Column) if c.table in joined)
    return "join with " + ", ".join(sources) if sources else ""
