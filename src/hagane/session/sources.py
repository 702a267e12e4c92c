"""`Sources`: what one statement reads, each under a name of its own in DuckDB."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import msgspec
import pyarrow as pa

from hagane.data.duckdb_type import DuckDbType
from hagane.data.engine import Engine
from hagane.data.sql_faults import sql_faults
from hagane.errors import DataError, Fault, HaganeError
from hagane.session.replayed_stream import ReplayedStream
from hagane.session.variable import Variable

PREFIX = "hagane_source_"
_NAMED = re.compile(rf"\b{PREFIX}\d+\b")
T = TypeVar("T")


class Sources:
    """Views over files, tables of Arrow and streams, registered on every connection that is made for the statement.

    `close` ends what is held for their sake: the locks of tables that are read.
    """

    def __init__(self, engine: Engine, variables: Mapping[str, Variable] | None = None) -> None:
        self.engine = engine
        self.variables = variables or {}
        """What expressions may name that is no column: name in lower case → its type and its value."""
        self.wildcards: dict[str, tuple[tuple[str, str], ...]] = {}
        """`dataset.prefix` of a wildcard table → each table's own name, and the source that it is."""
        self.columns: dict[str, tuple[tuple[str, DuckDbType], ...]] = {}
        """Name → the columns of what it names."""
        self.files: dict[str, tuple[Path, ...]] = {}
        """Name → the Parquet files whose rows it names, all of them, where it names such."""
        self._views: dict[str, str] = {}
        self._arrow: dict[str, pa.Table | ReplayedStream] = {}
        self._held = ExitStack()
        self._by_sql: dict[str, str] = {}

    def __enter__(self) -> Sources:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back what is held."""
        self._held.close()

    def hold(self, context: AbstractContextManager[T]) -> T:
        """Enter it now, and leave it at `close`."""
        return self._held.enter_context(context)

    def on_close(self, end: Callable[[], object]) -> None:
        """Call it at `close`."""
        self._held.callback(end)

    def add_view(
        self,
        sql: str,
        *,
        shown_sql: str = "",
        files: tuple[Path, ...] = (),
        columns: tuple[tuple[str, DuckDbType], ...] = (),
    ) -> str:
        """Name the result of DuckDB's `sql`, which may name other sources. Raises DataError when it cannot be bound.

        `files` are the Parquet files whose rows these are, where they are all of theirs; `columns` those of the
        result, where they are known.
        """
        if sql in self._by_sql:
            return self._by_sql[sql]
        columns = columns or self.described(sql, shown_sql=shown_sql)
        name = self._new_name()
        self._views[name] = sql
        if files:
            self.files[name] = files
        self.columns[name] = columns
        self._by_sql[sql] = name
        return name

    def add_rows(self, rows: pa.Table | ReplayedStream) -> str:
        """Name rows."""
        name = self._new_name()
        self._arrow[name] = rows
        if isinstance(rows, ReplayedStream):
            self.on_close(rows.close)
        self.columns[name] = ()  # it is known from now on
        self.columns[name] = self.described(f"SELECT * FROM {name}")
        return name

    def connect(self, sql: str) -> duckdb.DuckDBPyConnection:
        """A connection on which all that `sql` names is there; to be closed."""
        connection = self.engine.connect()
        try:
            for name in self._needed(sql):
                if name in self._arrow:
                    connection.register(name, self._arrow[name])
                else:
                    connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {self._views[name]}")
        except BaseException:
            connection.close()
            raise
        return connection

    def described(self, sql: str, *, shown_sql: str = "") -> tuple[tuple[str, DuckDbType], ...]:
        """Name and type of each column of `sql`, which is bound and not run. Raises DataError."""
        with self.faults(shown_sql or sql):
            connection = self.connect(sql)
            try:
                relation = connection.sql(sql)
                return tuple(
                    (name, DuckDbType.parse(str(type_)))
                    for name, type_ in zip(relation.columns, relation.types, strict=True)
                )
            finally:
                connection.close()

    def first_row(self, sql: str, *, shown_sql: str) -> tuple[Any, ...] | None:
        """Run one statement, on a connection of its own: the first row of what it gives. Raises DataError."""
        with self.faults(shown_sql):
            connection = self.connect(sql)
            try:
                row: tuple[Any, ...] | None = connection.execute(sql).fetchone()
            finally:
                connection.close()
        return row

    @contextmanager
    def faults(self, sql: str) -> Iterator[None]:
        """`sql_faults`; what a stream raised goes before what DuckDB makes of it."""
        try:
            with sql_faults(sql):
                yield
        except (HaganeError, RuntimeError, OSError) as told:
            for rows in self._arrow.values():
                if isinstance(rows, ReplayedStream) and rows.error is not None:
                    error, rows.error = rows.error, None
                    raise error from None
            if isinstance(told, DataError):
                raise DataError(*map(_without_engine, told.faults)) from None
            raise

    def _needed(self, sql: str) -> Sequence[str]:
        """The sources that `sql` names, and those that they name, in the order in which they can be made."""
        wanted: set[str] = set()
        waiting = [sql]
        while waiting:
            for name in _NAMED.findall(waiting.pop()):
                if name in self.columns and name not in wanted:
                    wanted.add(name)
                    waiting.append(self._views.get(name, ""))
        return sorted(wanted, key=lambda name: int(name.removeprefix(PREFIX)))

    def _new_name(self) -> str:
        return f"{PREFIX}{len(self.columns) + 1}"


def _without_engine(fault: Fault) -> Fault:
    """The fault without what only who writes DuckDB's SQL can use."""
    step = "" if "DuckDB" in fault.next_step or "--table" in fault.next_step else fault.next_step
    near = "" if fault.nearest.startswith(PREFIX) else fault.nearest.rpartition(".")[2]
    return msgspec.structs.replace(fault, what=_NAMED.sub("the table", fault.what), nearest=near, next_step=step)
