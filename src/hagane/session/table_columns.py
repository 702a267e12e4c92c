"""`table_columns`: the columns that a statement declares, and those that a query has."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from hagane.data.duckdb_type import DuckDbType
from hagane.errors import Fault, SqlError
from hagane.session.statement_run import StatementRun
from hagane.workspace.stored_table import TableColumn

MOST_COLUMNS = 10_000


def declared_columns(definitions: Sequence[exp.ColumnDef], run: StatementRun) -> tuple[TableColumn, ...]:
    """What `(a INT64 NOT NULL OPTIONS (description = '…'), …)` declares. Raises SqlError."""
    typeless = [definition.name for definition in definitions if definition.args.get("kind") is None]
    if typeless:
        raise SqlError(_fault(f"the column '{typeless[0]}' has no type", run))
    casts = [exp.alias_(exp.Cast(this=exp.Null(), to=each.kind.copy()), each.name, quoted=True) for each in definitions]
    described = run.sources.described(run.resolver.duckdb_sql(exp.select(*casts)), shown_sql=run.shown_sql)
    columns = tuple(
        TableColumn(
            name=definition.name,
            type=type_.normal.text,
            required=_is(definition, exp.NotNullColumnConstraint),
            description=_description(definition),
        )
        for definition, (_, type_) in zip(definitions, described, strict=True)
    )
    check_columns(columns, run)
    return columns


def query_columns(columns: Sequence[tuple[str, DuckDbType]], run: StatementRun) -> tuple[TableColumn, ...]:
    """Those of a query's rows. Raises SqlError where two have one name."""
    found = tuple(TableColumn(name=name, type=type_.normal.text) for name, type_ in columns)
    check_columns(found, run)
    return found


def check_columns(columns: Sequence[TableColumn], run: StatementRun) -> None:
    """Raise SqlError for no column, two of one name, or too many; names of columns ignore case."""
    names = [column.name.lower() for column in columns]
    twice = dict.fromkeys(name for name in names if names.count(name) > 1)
    if twice:
        raise SqlError(_fault(f"Duplicate column names in the table: {', '.join(twice)}", run))
    if not names:
        raise SqlError(_fault("a table has at least one column", run))


def _is(definition: exp.ColumnDef, kind: type[exp.Expression]) -> bool:
    return any(isinstance(constraint.kind, kind) for constraint in definition.constraints)


def _description(definition: exp.ColumnDef) -> str:
    for found in definition.find_all(exp.Property):
        if found.name.lower() == "description" and isinstance(found.args.get("value"), exp.Literal):
            return str(found.args["value"].this)
    return ""


def _fault(what: str, run: StatementRun) -> Fault:
    return Fault(what=what, sql=run.sql, start=run.statement.start, end=run.statement.end)
