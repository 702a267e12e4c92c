"""BigQuery through Google's own client: rows come over the Storage Read API, as Arrow.

`bigquery://project.dataset.table` is a table; `bigquery://project#SELECT …` a query, billed to the project. Credentials
are Google's application default ones.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from hagane.data.engine import Engine
from hagane.data.keep_stream import keep_stream
from hagane.data.origin import Origin
from hagane.data.query_files import is_query
from hagane.data.source_uri import SourceUri
from hagane.errors import DataError, Fault, MissingExtraError
from hagane.progress import Progress
from hagane.sql.one_statement import one_statement
from hagane.sql.row_order import has_row_order


def read(engine: Engine, uri: SourceUri, progress: Progress) -> Origin:
    """A table's rows or a query's. Raises DataError: the client is not installed, or BigQuery refuses."""
    client_module = _import("google.cloud.bigquery")
    storage_module = _import("google.cloud.bigquery_storage")
    path = uri.address.strip("/").replace("/", ".")
    project = path.split(".", 1)[0]
    api = importlib.import_module("google.api_core.exceptions")
    auth = importlib.import_module("google.auth.exceptions")
    try:
        client, storage = client_module.Client(project=project), storage_module.BigQueryReadClient()
        rows = _rows(client, uri, path)
        batches: Iterator[pa.RecordBatch] = iter(rows.to_arrow_iterable(bqstorage_client=storage))
        first = next(batches, None)
        if first is None:
            raise DataError(Fault(what="the table has no rows", where=uri.url))
        return keep_stream(
            engine,
            first.schema,
            _chain(first, batches),
            what="BigQuery",
            is_ordered=bool(uri.selection) and has_row_order(uri.selection, dialect="bigquery"),
            progress=progress,
        )
    except (api.GoogleAPIError, auth.GoogleAuthError) as error:
        raise DataError(_refused(uri, str(error).strip().split("\n")[0])) from None


def _rows(client: Any, uri: SourceUri, path: str) -> Any:
    if uri.selection:
        if not is_query(uri.selection):
            raise DataError(Fault(what="what follows # is no query", where=uri.url, received=uri.selection,
                                  next_step="bigquery://project.dataset.table names a table"))  # fmt: skip
        return client.query(one_statement(uri.selection, dialect="bigquery")).result()
    if path.count(".") != 2:
        raise DataError(Fault(what="this names no table of BigQuery", where=uri.url,
                              expected="bigquery://project.dataset.table, or bigquery://project#SELECT …"))  # fmt: skip
    return client.list_rows(client.get_table(path))


def _chain(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtraError(
            Fault(
                what="reading BigQuery needs Google's client, which is not installed",
                expected="the packages google-cloud-bigquery and google-cloud-bigquery-storage",
                next_step="pip install 'hagane[bigquery]'",
            )
        ) from None


def _refused(uri: SourceUri, received: str) -> Fault:
    step = "log in with `gcloud auth application-default login`" if "credential" in received.lower() else ""
    return Fault(what="BigQuery refused", where=uri.url, received=received, next_step=step)
