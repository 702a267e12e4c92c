"""SELECT: the rows of a query."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from sqlglot import exp

from hagane.data.duckdb_type import DuckDbType
from hagane.data.engine import quote_name
from hagane.data.table import BATCH_ROWS
from hagane.errors import Fault, SqlError
from hagane.session.result import Result, ResultColumn
from hagane.session.slow_phase import slow_phase
from hagane.session.statement_run import StatementRun
from hagane.sql.statement import QueryStatement


def run_query(run: StatementRun) -> Result:
    """The query's rows, made as they are read; the first of them are made now, so that most faults are told now."""
    statement = run.statement
    assert isinstance(statement, QueryStatement)
    query = run.with_values(statement.query)
    name_columns(query)
    sql = run.resolver.duckdb_sql(query)
    stream = _rows(sql, run)
    with slow_phase(run.state.progress, "run the query"):
        columns, schema = next(stream)
        batches = _begun(stream)
    return Result(
        kind=run.kind,
        schema=tuple(ResultColumn(name, type_.bigquery) for name, type_ in columns),
        stream=batches,
        arrow_schema=schema,
        close=run.sources.close,
    )


def normal_rows(sql: str, columns: tuple[tuple[str, DuckDbType], ...]) -> str:
    """The rows of `sql`, every column in a type of BigQuery's (INT64 is BIGINT)."""
    if all(type_ == type_.normal for _, type_ in columns):
        return sql
    listed = ", ".join(
        quote_name(name) if type_ == type_.normal else
        f"CAST({quote_name(name)} AS {type_.normal.text}) AS {quote_name(name)}"
        for name, type_ in columns
    )  # fmt: skip
    return f"SELECT {listed} FROM ({sql}\n)"


def _rows(sql: str, run: StatementRun) -> Iterator[Any]:
    """The columns and the schema, then the batches, all of one connection."""
    sources = run.sources
    with sources.faults(run.shown_sql):
        connection = sources.connect(sql)
        try:
            relation = connection.sql(sql)
            types = (DuckDbType.parse(str(type_)) for type_ in relation.types)
            columns = tuple(zip(relation.columns, types, strict=True))
            _check_names(columns, run)
            normal = normal_rows(sql, columns)
            reader = (relation if normal == sql else connection.sql(normal)).to_arrow_reader(BATCH_ROWS)
            yield columns, reader.schema
            yield from reader
        finally:
            connection.close()


def _begun(stream: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches, the first of which is made now."""
    first = next(stream, None)

    def batches() -> Iterator[pa.RecordBatch]:
        if first is not None:
            yield first
        yield from stream

    return batches()


def _check_names(columns: tuple[tuple[str, DuckDbType], ...], run: StatementRun) -> None:
    """Raise SqlError where two columns have one name: a result could not be read by them."""
    names = [name.lower() for name, _ in columns]
    twice = dict.fromkeys(name for name in names if names.count(name) > 1)
    if twice:
        what = f"Duplicate column names in the result are not supported: {', '.join(twice)}"
        start, end = run.statement.start, run.statement.end
        raise SqlError(Fault(what=what, sql=run.sql, start=start, end=end, next_step="name them apart: x AS other"))


def name_columns(query: exp.Query) -> None:
    """Call columns without a name as BigQuery does: `f0_`, `f1_`."""
    number = 0
    for item in query.selects:
        if not isinstance(item, exp.Alias | exp.Aliases | exp.Column | exp.Dot | exp.Star | exp.PropertyEQ):
            item.replace(exp.alias_(item.copy(), f"f{number}_"))
            number += 1
