"""A query of BigQuery's dialect over files and named tables: rewritten, run once, its rows kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from hagane.data.engine import Engine, quote_name
from hagane.data.origin import Origin
from hagane.data.readers.query import OpenPath, keep_rows
from hagane.data.source_files import SUFFIXES
from hagane.data.source_uri import parse_uri
from hagane.errors import DataError, Fault, HaganeError
from hagane.progress import Progress
from hagane.sql.queries.parse_query import parse_query
from hagane.sql.queries.query_schema import NoTables, QueryTable
from hagane.sql.queries.rewrite_query import rewrite_query


def read_bigquery_query(
    engine: Engine, query: str, tables: Mapping[str, str], open_path: OpenPath, progress: Progress
) -> Origin:
    """As `read_query`, of a query that means what it means in BigQuery; a file stands in quotes or backquotes.

    Raises DataError with the SQL underlined.
    """
    schema = _Files(engine, tables, open_path)
    try:
        rewritten = rewrite_query(parse_query(query), schema=schema, sql=query)
    except HaganeError as error:
        raise DataError(*error.faults, *schema.faults) from None
    if schema.faults:
        raise DataError(*schema.faults)
    engine.add_query_functions(rewritten.functions)
    return keep_rows(engine, rewritten.sql, schema.origins.values(), progress, shown_sql=query)


class _Files(NoTables):
    """What the query may name: `tables`, and files. They are opened as the query names them."""

    def __init__(self, engine: Engine, tables: Mapping[str, str], open_path: OpenPath) -> None:
        self._engine, self._tables, self._open_path = engine, tables, open_path
        self.origins: dict[str, Origin] = {}
        self.faults: list[Fault] = []

    def table(self, path: Sequence[str]) -> QueryTable | None:
        """A table by its whole name, a file by its path."""
        name = ".".join(path)
        if name not in self._tables and not _is_file(name):
            return None
        try:
            origin = self.origins.get(name) or self._open_path(self._tables.get(name, name))
        except HaganeError as error:
            self.faults += [msgspec.structs.replace(fault, where=fault.where or name) for fault in error.faults]
            return QueryTable(name=path[-1], sql="(SELECT NULL)", columns=())
        self.origins[name] = origin
        self._engine.define(name, f"SELECT * FROM {origin.sql}")
        columns = tuple(self._engine.columns(f"SELECT * FROM {quote_name(name)}"))
        return QueryTable(name=path[-1], sql=quote_name(name), columns=columns)

    def tables(self, path: Sequence[str]) -> Sequence[QueryTable]:
        """Tables whose name begins so."""
        prefix = ".".join(path)
        found = [self.table(name.split(".")) for name in sorted(self._tables) if name.startswith(prefix)]
        return [table for table in found if table is not None]

    def table_names(self) -> Sequence[str]:
        """Those that were named."""
        return list(self._tables)


def _is_file(name: str) -> bool:
    return "/" in name or name.lower().endswith(SUFFIXES) or parse_uri(name) is not None
