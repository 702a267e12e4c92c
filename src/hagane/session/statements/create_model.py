"""CREATE MODEL: a model is trained, searched, or taken from elsewhere."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
from sqlglot import exp

from hagane.data.column_type import type_columns
from hagane.errors import DataError, Fault, HaganeError, NotFoundError, StorageError
from hagane.session.evaluated_options import evaluated_options
from hagane.session.kept_rows import kept_rows
from hagane.session.model_name import model_name
from hagane.session.result import Result
from hagane.session.statement_options import moment
from hagane.session.statement_run import StatementRun
from hagane.sql.bigquery_ml import BigQueryMl
from hagane.sql.statement import CreateModel
from hagane.workflow.statement_spec import ModelRequest, statement_spec
from hagane.workspace.described import Described
from hagane.workspace.table_name import DEFAULT_DATASET, TableName
from hagane.workspace.workspace import Workspace


def run_create_model(run: StatementRun) -> Result:
    """A new version of the model's name. Raises HaganeError, StorageError where the name is taken.

    A statement that was interrupted goes on, when it is run again, from what was saved.
    """
    statement = run.statement
    assert isinstance(statement, CreateModel)
    name = model_name(statement.name, dataset=run.state.dataset)
    place = run.state.temporary_workspace() if statement.temporary else run.state.workspace
    if (there := _is_there(statement, name, place, run)) is not None:
        return there
    statement = evaluated_options(statement, run)
    query = None if statement.query is None else run.with_values(statement.query)
    sql = "" if query is None else run.resolver.duckdb_sql(query)
    request = _with_tables(_request(statement, name, query, sql, run), run)
    run.notices.extend(request.notices)
    result = _made(request, sql, place, run)
    about = Described(description=request.description, labels=request.labels, expires=_expires(request))
    if about != Described():
        place.describe(name, about)
    return result


def _request(
    statement: CreateModel, name: str, query: exp.Expression | None, sql: str, run: StatementRun
) -> ModelRequest:
    """What the statement asks for, checked against the columns of its query. Raises SqlError."""
    if query is None:
        return statement_spec(statement, name=name)
    columns = run.sources.described(sql, shown_sql=run.shown_sql)
    schema = type_columns([(column, type_.normal.text) for column, type_ in columns]).schema
    data = None
    text = run.text(query)
    if text != query.sql(dialect=BigQueryMl) or query != statement.query:  # values in the place of names
        data = text
    return statement_spec(statement, schema=schema, name=name, data=data)


def _with_tables(request: ModelRequest, run: StatementRun) -> ModelRequest:
    """With the folders of the tables that its query names, so that `hagane train` of the spec finds the rows, too."""
    if request.spec is None:
        return request
    catalog = run.resolver.catalog
    tables = catalog.folders if catalog.is_of_files else {}
    spec = msgspec.structs.replace(request.spec, dialect="bigquery", tables=tables)
    return dataclasses.replace(request, spec=spec)


def _made(request: ModelRequest, sql: str, place: Workspace, run: StatementRun) -> Result:
    from hagane.session.made_model import made_model

    try:
        if request.kind in ("trained", "searched"):
            with kept_rows(sql, run) as rows:
                return made_model(request, str(rows), place, run)
        return made_model(request, None, place, run)
    except HaganeError as error:
        raise request.located(error) from None


def _is_there(statement: CreateModel, name: str, place: Workspace, run: StatementRun) -> Result | None:
    """What IF NOT EXISTS answers of a model that is there. Raises StorageError for a name that is taken."""
    versions = place.list(name)
    if versions and statement.creation == "if_not_exists":
        return Result(kind=run.kind, message=f"model {name} is there already", model=versions[0])
    fault: dict[str, Any] = {"sql": run.sql, "start": statement.start, "end": _head_end(statement)}
    tables = run.state.workspace.tables
    dataset, table = name.split(".", 1) if "." in name else (DEFAULT_DATASET, name)
    try:
        tables.dataset(dataset)
        is_table = tables.find(TableName(dataset, table)) is not None
    except (NotFoundError, DataError) as error:
        raise type(error)(*(msgspec.structs.replace(each, **fault) for each in error.faults)) from None
    if versions and statement.creation == "create":
        step = f"CREATE OR REPLACE MODEL {name} makes version {versions[0].version + 1}"
        raise StorageError(Fault(what=f"Already Exists: Model {name}", next_step=step, **fault))
    if is_table:
        raise StorageError(Fault(what=f"Already Exists: {name} is a table", next_step="choose another name", **fault))
    return None


def _head_end(statement: CreateModel) -> int:
    """One past the model's name."""
    last = statement.name.rpartition(".")[2]
    found = statement.sql.find(last, statement.start)
    return found + len(last) if found >= 0 else statement.end


def _expires(request: ModelRequest) -> str:
    return "" if request.expiration_timestamp is None else moment(request.expiration_timestamp)
