"""Databases through ADBC: the query runs there, the rows come as Arrow, batch by batch.

PostgreSQL's address is libpq's (`postgresql://user@host:5432/db`), so that its environment variables, password file and
service file work. SQLite's is the path of the file (`sqlite://shop.db`, `sqlite:///srv/shop.db`).
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hagane.data.engine import Engine, quote_name
from hagane.data.keep_stream import BATCH_ROWS, keep_stream
from hagane.data.origin import Origin
from hagane.data.query_files import is_query
from hagane.data.source_uri import SourceUri
from hagane.errors import DataError, Fault, MissingExtraError, nearest
from hagane.progress import Progress
from hagane.sql.one_statement import one_statement
from hagane.sql.row_order import has_row_order

_TABLES = {
    "postgresql": (
        "SELECT CASE WHEN table_schema = 'public' THEN table_name ELSE table_schema || '.' || table_name END "
        "FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
    ),
    "sqlite": "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY 1",
}
_NAMES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
_DIALECTS = {"postgresql": "postgres", "sqlite": "sqlite"}
"""sqlglot's names."""


def read(engine: Engine, uri: SourceUri, progress: Progress) -> Origin:
    """The rows of `uri.selection`, a table or a query in the database's dialect, kept in the engine's folder.

    Where nothing is selected and the database has one table, that one. Raises DataError: the driver is not installed,
    the database does not answer, the query is wrong.
    """
    kind = "sqlite" if uri.scheme == "sqlite" else "postgresql"
    driver = _driver(kind)
    with _told(kind, uri), _connect(driver, kind, uri) as connection, connection.cursor() as cursor:
        sql = _query(cursor, kind, uri)
        if kind == "sqlite":
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(BATCH_ROWS)})
        cursor.execute(sql)
        reader = cursor.fetch_record_batch()
        return keep_stream(
            engine, reader.schema, iter(reader), what=_NAMES[kind],
            is_ordered=has_row_order(sql, dialect=_DIALECTS[kind]), progress=progress,
        )  # fmt: skip


def _driver(kind: str) -> Any:
    try:
        return importlib.import_module(f"adbc_driver_{kind}.dbapi")
    except ImportError:
        raise MissingExtraError(
            Fault(
                what=f"reading {_NAMES[kind]} needs its driver, which is not installed",
                expected=f"the package adbc-driver-{kind}",
                next_step=f"pip install 'hagane[{kind}]'",
            )
        ) from None


@contextmanager
def _connect(driver: Any, kind: str, uri: SourceUri) -> Iterator[Any]:
    if kind == "sqlite":
        path = os.path.expanduser(uri.address)
        if not Path(path).is_file():
            raise DataError(
                Fault(
                    what=f"no file at {path!r}",
                    where=uri.url,
                    next_step="sqlite://relative.db and sqlite:///absolute/path.db name a file",
                )
            )
        connection = driver.connect(f"file:{path}?mode=ro")
    else:
        connection = driver.connect(uri.url)
    try:
        yield connection
    finally:
        connection.close()


def _query(cursor: Any, kind: str, uri: SourceUri) -> str:
    if is_query(uri.selection):
        return one_statement(uri.selection, dialect=_DIALECTS[kind])
    cursor.execute(_TABLES[kind])
    tables = [row[0] for row in cursor.fetchall()]
    name = uri.selection or (tables[0] if len(tables) == 1 else "")
    if name not in tables:
        raise DataError(_which_table(uri, tables))
    schema, _, table = name.rpartition(".") if kind == "postgresql" else ("", "", name)
    return f"SELECT * FROM {quote_name(schema) + '.' if schema else ''}{quote_name(table)}"


def _which_table(uri: SourceUri, tables: list[str]) -> Fault:
    what = f"no table {uri.selection!r} in the database" if uri.selection else "the source does not say which table"
    return Fault(
        what=what,
        where=uri.url,
        expected="one of " + ", ".join(tables[:20]) + (", …" if len(tables) > 20 else "") if tables else "a table",
        nearest=nearest(uri.selection, tables) if uri.selection else "",
        next_step=f"write {uri.url}#table, or {uri.url}#SELECT …",
    )


@contextmanager
def _told(kind: str, uri: SourceUri) -> Iterator[None]:
    """What the driver raises, as a DataError."""
    manager = importlib.import_module("adbc_driver_manager")
    try:
        yield
    except manager.Error as error:
        received = str(error).strip().split("\n")[0]
        raise DataError(Fault(what=f"{_NAMES[kind]} refused", where=uri.url, received=received)) from None
