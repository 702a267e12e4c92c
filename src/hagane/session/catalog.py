"""`Catalog`: from the name of a table in a query to what is read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from sqlglot import exp

from hagane.data.duckdb_type import DuckDbType
from hagane.data.engine import quote_name
from hagane.data.open_table import FOUND_OUT, open_paths
from hagane.data.origin import parquet_sql
from hagane.data.source_files import SUFFIXES, find_files
from hagane.data.source_uri import parse_uri
from hagane.errors import DataError, Fault, HaganeError, NotFoundError, nearest
from hagane.session.information_schema import information_schema
from hagane.session.session_state import SessionState
from hagane.session.sources import Sources
from hagane.session.table_path import TablePath, table_path
from hagane.workspace.stored_table import StoredTable, StoredView
from hagane.workspace.table_name import TableName

if TYPE_CHECKING:
    from hagane.session.resolve_query import QueryResolver

DEEPEST_VIEW = 16
"""Views in views, as in BigQuery."""


class Catalog:
    """Resolves names for one statement."""

    def __init__(self, state: SessionState, sources: Sources, resolver: QueryResolver) -> None:
        self.state, self.sources, self.resolver = state, sources, resolver
        self.notices: list[str] = []
        self.folders: dict[str, str] = {}
        """Tables of the workspace that were named, as they were written → their folders."""
        self.is_of_files = True
        """Whether nothing else was named but these and files: what is temporary, or a view, no other program knows."""

    def resolve(self, table: exp.Table) -> str:
        """The name that the table has among the sources. Raises NotFoundError, DataError."""
        path = table_path(table)
        if path.view_of_schema:
            self.is_of_files = False
            return self.sources.add_rows(information_schema(self.state, path))
        if len(path.parts) == 1 and path.text in self.state.temporary_tables:
            self.is_of_files = False
            return self.sources.add_view(f"SELECT * FROM {self.state.temporary_tables[path.text]}")
        if len(path.parts) == 1 and path.text in self.state.temporary_views:
            return self._view(self.state.temporary_views[path.text])
        answer = self.state.answers(*path.parts[-2:]) if len(path.parts) > 1 else None
        if answer is not None:
            return self.sources.add_rows(answer)
        if path.may_be_file and not self._is_table(path):
            return self._file(path)
        return self._stored(path)

    def resolve_wildcard(self, table: exp.Table) -> bool:
        """Whether it is `dataset.prefix*`, whose tables are sources then; views and other files of the name are not."""
        path = table_path(table)
        if not path.parts[-1].endswith("*") or path.may_be_file:
            return False
        name = self._name(path)
        tables = self.state.workspace.tables
        names = [each for each in tables.names(name.dataset) if each.table.startswith(name.table[:-1])]
        found = []
        for each in names:
            stored = self.sources.hold(tables.reading(each))
            if isinstance(stored, StoredTable):
                found.append((each.table, self._table(stored)))
                self.folders[f"{path.text.rpartition('.')[0]}.{each.table}".lstrip(".")] = str(stored.folder)
        self.sources.wildcards[path.text[:-1]] = tuple(found)
        return True

    def _is_table(self, path: TablePath) -> bool:
        try:
            return self.state.workspace.tables.find(self._name(path)) is not None
        except DataError:
            return False

    def _stored(self, path: TablePath) -> str:
        if len(path.parts) > 3:
            raise NotFoundError(Fault(what=f"'{path.text}' names no table", expected="project.dataset.table"))
        if len(path.parts) == 3 and path.parts[0] != self.state.project:
            self.notices.append(f"the project of {path.text} is left aside: tables are this workspace's")
        name = self._name(path)
        try:
            found = self.sources.hold(self.state.workspace.tables.reading(name))
        except NotFoundError as error:
            raise self._not_found(path, error) from None
        if not isinstance(found, StoredTable):
            return self._view(found)
        self.folders[path.text] = str(found.folder)
        return self._table(found)

    def _name(self, path: TablePath) -> TableName:
        return self.state.table_name(path.parts)

    def _table(self, table: StoredTable) -> str:
        columns = table.manifest.columns
        casts = ", ".join(
            f"CAST({quote_name(column.name)} AS {column.type}) AS {quote_name(column.name)}" for column in columns
        )
        return self.sources.add_view(
            f"SELECT {casts} FROM {parquet_sql(table.files)}",
            files=tuple(table.files),
            columns=tuple((column.name, DuckDbType.parse(column.type)) for column in columns),
        )

    def _view(self, view: StoredView) -> str:
        self.is_of_files = False
        sql = self.resolver.of_view(view)
        if view.view.columns:
            renamed = ", ".join(map(quote_name, view.view.columns))
            sql = f"SELECT * FROM ({sql}\n) AS rows ({renamed})"
        return self.sources.add_view(sql, shown_sql=view.query)

    def _file(self, path: TablePath) -> str:
        """Files, a URL, a database: read as trainings read them, their columns in the session's types."""
        text = path.text
        is_local = parse_uri(text) is None
        stamp = tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in find_files(text)) \
            if is_local else ()  # fmt: skip
        kept = self.state.files.get(text)
        if kept is None or kept[0] != stamp:
            origin = open_paths(self.state.engine, [text], None, self.state.progress, FOUND_OUT)
            if origin.bad_rows.count:
                self.notices.append(f"{text}: {origin.bad_rows.count:,} rows could not be parsed, and were left out")
            kept = (stamp, self._normal(f"SELECT * FROM {origin.sql}"))
            self.state.files[text] = kept
        return self.sources.add_view(kept[1])

    def _normal(self, sql: str) -> str:
        """The rows, their columns in types of BigQuery's."""
        columns = self.sources.described(sql)
        casts = [
            quote_name(name) if type_ == type_.normal else
            f"CAST({quote_name(name)} AS {type_.normal.text}) AS {quote_name(name)}"
            for name, type_ in columns
        ]  # fmt: skip
        return f"SELECT {', '.join(casts)} FROM ({sql})"

    def _not_found(self, path: TablePath, error: NotFoundError) -> HaganeError:
        fault = error.faults[0]
        others = [*self.state.temporary_tables, *self.state.temporary_views]
        near = fault.nearest or nearest(path.text, others)
        step = ""
        if file := _file_like(path.parts[-1]):
            step = f"name a file in quotes, as in FROM `{file}`; or keep it: CREATE TABLE {path.parts[-1]} AS SELECT …"
        return NotFoundError(msgspec.structs.replace(fault, nearest=near, next_step=fault.next_step or step))


def _file_like(name: str) -> str:
    """A file of data here that is called so or nearly so, but for its ending."""
    files = sorted(path.name for path in Path.cwd().glob("*") if path.name.lower().endswith(SUFFIXES))
    stems = {file.split(".", 1)[0]: file for file in reversed(files)}
    like = nearest(name, stems)
    return stems[like] if like else ""
