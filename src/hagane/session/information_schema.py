"""`information_schema`: what a workspace holds, as the tables of `INFORMATION_SCHEMA`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pyarrow as pa

from hagane.data.duckdb_type import DuckDbType
from hagane.errors import Fault, NotFoundError, nearest
from hagane.session.model_name import dataset_of
from hagane.session.session_state import SessionState
from hagane.session.table_path import TablePath
from hagane.workspace.stored_table import StoredTable, StoredView

TEXT, NUMBER, TIME = pa.string(), pa.int64(), pa.timestamp("us", tz="UTC")
Rows = Iterator[dict[str, Any]]


def information_schema(state: SessionState, path: TablePath) -> pa.Table:
    """The rows of `INFORMATION_SCHEMA.X`: of every dataset, or of that before it. Raises NotFoundError."""
    name = path.view_of_schema
    if name not in VIEWS:
        near = nearest(name, VIEWS)
        what = f"Not found: Table {path.text}"
        expected = ", ".join(f"INFORMATION_SCHEMA.{each}" for each in VIEWS)
        raise NotFoundError(Fault(what=what, expected=expected, nearest=near))
    schema, rows = VIEWS[name]
    return pa.Table.from_pylist(list(rows(state, _datasets(state, path))), schema=schema)


def _datasets(state: SessionState, path: TablePath) -> tuple[str, ...]:
    """That which the path names; all for a bare `INFORMATION_SCHEMA`, and behind a region."""
    before = path.parts[:-2]
    if not before or before[-1].startswith("region-"):
        return state.workspace.tables.datasets()
    state.workspace.tables.dataset(before[-1])
    return (before[-1],)


def _schemata(state: SessionState, datasets: tuple[str, ...]) -> Rows:
    for dataset in datasets:
        yield {"catalog_name": state.project, "schema_name": dataset, "location": "local"}


def _tables(state: SessionState, datasets: tuple[str, ...]) -> Rows:
    for found in _stored(state, datasets):
        is_view = isinstance(found, StoredView)
        created = found.view.created if isinstance(found, StoredView) else found.manifest.created
        yield _named(state, found) | {
            "table_type": "VIEW" if is_view else "BASE TABLE",
            "is_insertable_into": "NO" if is_view else "YES",
            "creation_time": datetime.fromisoformat(created),
            "num_rows": None if isinstance(found, StoredView) else found.num_rows,
            "size_bytes": None if isinstance(found, StoredView) else found.num_bytes,
        }


def _columns(state: SessionState, datasets: tuple[str, ...]) -> Rows:
    for found in _stored(state, datasets):
        for place, column in enumerate(found.manifest.columns if isinstance(found, StoredTable) else (), 1):
            yield _named(state, found) | {
                "column_name": column.name,
                "ordinal_position": place,
                "is_nullable": "NO" if column.required else "YES",
                "data_type": DuckDbType.parse(column.type).bigquery,
                "description": column.description or None,
            }


def _views(state: SessionState, datasets: tuple[str, ...]) -> Rows:
    for found in _stored(state, datasets):
        if isinstance(found, StoredView):
            yield _named(state, found) | {"view_definition": found.query.strip(), "use_standard_sql": "YES"}


def _models(state: SessionState, datasets: tuple[str, ...]) -> Rows:
    newest: dict[str, Any] = {}
    for version in state.workspace.list():
        newest.setdefault(version.name, version)
    for version in newest.values():
        dataset, name = dataset_of(version.name, datasets)
        if dataset in datasets:
            yield {
                "model_catalog": state.project,
                "model_schema": dataset,
                "model_name": name,
                "model_type": version.model_type.upper(),
                "creation_time": datetime.fromisoformat(version.created),
                "version": version.version,
                "metric": version.metric or None,
                "metric_value": version.metric_value,
            }


def _stored(state: SessionState, datasets: tuple[str, ...]) -> Iterator[StoredTable | StoredView]:
    for dataset in datasets:
        for name in state.workspace.tables.names(dataset):
            if (found := state.workspace.tables.find(name)) is not None:
                yield found


def _named(state: SessionState, found: StoredTable | StoredView) -> dict[str, Any]:
    return {"table_catalog": state.project, "table_schema": found.name.dataset, "table_name": found.name.table}


def _schema(**columns: Any) -> pa.Schema:
    return pa.schema(list(columns.items()))


VIEWS: dict[str, tuple[pa.Schema, Callable[[SessionState, tuple[str, ...]], Rows]]] = {
    "SCHEMATA": (_schema(catalog_name=TEXT, schema_name=TEXT, location=TEXT), _schemata),
    "TABLES": (
        _schema(table_catalog=TEXT, table_schema=TEXT, table_name=TEXT, table_type=TEXT, is_insertable_into=TEXT,
                creation_time=TIME, num_rows=NUMBER, size_bytes=NUMBER),
        _tables,
    ),
    "COLUMNS": (
        _schema(table_catalog=TEXT, table_schema=TEXT, table_name=TEXT, column_name=TEXT, ordinal_position=NUMBER,
                is_nullable=TEXT, data_type=TEXT, description=TEXT),
        _columns,
    ),
    "VIEWS": (
        _schema(table_catalog=TEXT, table_schema=TEXT, table_name=TEXT, view_definition=TEXT, use_standard_sql=TEXT),
        _views,
    ),
    "MODELS": (
        _schema(model_catalog=TEXT, model_schema=TEXT, model_name=TEXT, model_type=TEXT, creation_time=TIME,
                version=NUMBER, metric=TEXT, metric_value=pa.float64()),
        _models,
    ),
}  # fmt: skip
"""What is there; BigQuery's columns first, as far as they have a meaning here."""
