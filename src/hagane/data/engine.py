"""`Engine`: the private DuckDB connection of a table, and the folder it works in.

Nothing is shared between engines and nothing outlives one: the connection is in memory, its time zone UTC, and its
folder (spilled intermediates, query results kept as Parquet) is removed when the last table that uses it is gone, or by
another process's engine after a crash.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from hagane.data.engine_folder import discard_engine_folder, make_engine_folder
from hagane.data.query_functions.add_query_functions import add_query_functions
from hagane.data.sql_faults import sql_faults
from hagane.errors import DataError, Fault
from hagane.memory_budget import MemoryBudget


class Engine:
    """A DuckDB database of our own, in memory.

    >>> Engine().query("SELECT 1 + 1 AS two").to_pylist()
    [{'two': 2}]
    """

    def __init__(self, *, memory: MemoryBudget | None = None) -> None:
        self.memory = memory or MemoryBudget.of()
        self.folder, lock = make_engine_folder()
        self._arrow: dict[str, pa.Table] = {}
        self._bits: dict[str, bytes] = {}
        self._connected: weakref.WeakSet[duckdb.DuckDBPyConnection] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._connection = duckdb.connect(":memory:")
        weakref.finalize(self, _discard, self._connection, self.folder, lock)
        settings = {
            "TimeZone": "UTC",
            "temp_directory": str(self.folder / "spill"),
            "memory_limit": f"{self.memory.database_bytes}B",
            "threads": str(self.memory.database_threads),
        }
        for name, value in settings.items():
            self._connection.execute(f"SET GLOBAL {name} = {quote_text(value)}")

    def new_file(self, stem: str, suffix: str) -> Path:
        """A path in the engine's folder that nothing else uses; removed with the engine."""
        handle, name = tempfile.mkstemp(prefix=f"{stem}-", suffix=suffix, dir=self.folder)
        os.close(handle)
        return Path(name)

    def define(self, name: str, sql: str) -> None:
        """Let every later query name the result of `sql` as a table. Raises DataError when `sql` cannot be bound."""
        self.run(f"CREATE OR REPLACE VIEW {quote_name(name)} AS {sql}", shown_sql=sql)

    def register(self, table: pa.Table) -> str:
        """Let every later query read an Arrow table; returns the name it has in SQL."""
        name = f"arrow_{len(self._arrow)}"
        self._arrow[name] = table
        return name

    def add_function(self, name: str, function: Callable[[pa.Array], pa.Array], takes: str, gives: str) -> None:
        """Let later queries call `function`, from an array of DuckDB's type `takes` to one of `gives`, as `name`."""
        self._connection.create_function(  # type: ignore[call-overload]  # the stubs know no names of types
            name,
            lambda chunks: function(chunks.combine_chunks()),
            [takes],
            gives,
            type="arrow",
            null_handling="special",
        )

    def add_query_functions(self, names: Iterable[str]) -> None:
        """Let later queries call the Python functions of these names, which a rewritten query lists."""
        add_query_functions(self._connection, names)

    def hold_bits(self, name: str, bits: bytes) -> None:
        """Let every later query read a string of bits as `getvariable(name)`."""
        self._bits[name] = bits

    def run(self, sql: str, *, shown_sql: str = "", views: Mapping[str, str] | None = None) -> None:
        """Run a statement for its effect. Raises DataError, the fault underlined in `shown_sql` (by default `sql`)."""
        with self._cursor(views) as cursor, sql_faults(shown_sql or sql):
            cursor.execute(sql)

    def query(self, sql: str, *, shown_sql: str = "", views: Mapping[str, str] | None = None) -> pa.Table:
        """The whole result of `sql`, where `views` (name → SQL) may be named as tables. Raises DataError."""
        with self._cursor(views) as cursor:
            with sql_faults(shown_sql or sql):
                result: pa.Table = cursor.sql(sql).to_arrow_table()
            return result

    def batches(
        self, sql: str, batch_rows: int, *, shown_sql: str = "", views: Mapping[str, str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The result of `sql` as a stream of at most `batch_rows` rows a batch, never held as a whole."""
        with self._cursor(views) as cursor, sql_faults(shown_sql or sql):
            yield from cursor.sql(sql).to_arrow_reader(batch_rows)

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection of one's own to this database, to be closed; `sql_faults` tells what it raises."""
        connection = self._connection.cursor()
        with self._lock:
            self._connected.add(connection)
        return connection

    def interrupt(self) -> None:
        """End what runs on connections that `connect` made, from another thread: there it is as if by Ctrl-C."""
        with self._lock:
            connected = list(self._connected)
        for connection in connected:
            with contextlib.suppress(duckdb.Error):  # it was closed meanwhile
                connection.interrupt()

    def session(self) -> _Session:
        """Several statements on one connection, for what DuckDB keeps on it: `with engine.session() as session`."""
        return _Session(self._connection.cursor())

    def columns(
        self, sql: str, *, shown_sql: str = "", views: Mapping[str, str] | None = None
    ) -> list[tuple[str, str]]:
        """Name and DuckDB type of every column of `sql`'s result, which is bound and not run. Raises DataError."""
        described = self.query(f"DESCRIBE {sql}", shown_sql=shown_sql or sql, views=views)
        if "column_name" not in described.column_names:
            raise DataError(Fault(what="this is not one query", sql=shown_sql or sql, expected="one SELECT"))
        return [(row["column_name"], row["column_type"]) for row in described.to_pylist()]

    def _cursor(self, views: Mapping[str, str] | None) -> _Cursor:
        bits = {name: held for name, held in self._bits.items() if any(name in sql for sql in (views or {}).values())}
        return _Cursor(self._connection.cursor(), self._arrow, bits, views or {})


class _Session:
    """One connection, until the end of `with`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def __enter__(self) -> _Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def query(self, sql: str) -> pa.Table:
        """The whole result of `sql`. Raises DataError."""
        with sql_faults(sql):
            result: pa.Table = self._connection.sql(sql).to_arrow_table()
        return result

    def run(self, sql: str) -> None:
        """Run a statement for its effect. Raises DataError."""
        with sql_faults(sql):
            self._connection.execute(sql)


class _Cursor:
    """A connection for one statement: DuckDB allows one open result a connection, and temporary views are its own."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        tables: Mapping[str, pa.Table],
        bits: Mapping[str, bytes],
        views: Mapping[str, str],
    ) -> None:
        self._connection, self._tables, self._bits, self._views = connection, tables, bits, views

    def __enter__(self) -> duckdb.DuckDBPyConnection:
        for name, table in self._tables.items():
            self._connection.register(name, table)
        for name, held in self._bits.items():
            self._connection.execute(f"SET VARIABLE {name} = (SELECT CAST(? AS BIT))", [held])
        for name, sql in self._views.items():
            with sql_faults(sql):
                self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {quote_name(name)} AS {sql}")
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def quote_name(name: str) -> str:
    """An identifier in SQL.

    >>> quote_name('emp.var"rate')
    '"emp.var""rate"'
    """
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A string literal in SQL.

    >>> quote_text("l'eau")
    "'l''eau'"
    """
    return "'" + text.replace("'", "''") + "'"


def quote_list(texts: list[str] | tuple[str, ...]) -> str:
    """A list of string literals in SQL.

    >>> quote_list(["a", "b"])
    "['a', 'b']"
    """
    return "[" + ", ".join(map(quote_text, texts)) + "]"


def _discard(connection: duckdb.DuckDBPyConnection, folder: Path, lock: int) -> None:
    connection.close()
    discard_engine_folder(folder, lock)
