"""INSERT: rows behind those of a table, in a file of their own."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from hagane.counted import counted
from hagane.data.duckdb_type import DuckDbType
from hagane.data.engine import quote_name
from hagane.data.origin import parquet_sql
from hagane.errors import Fault, SqlError, nearest
from hagane.session.result import Result
from hagane.session.statement_run import StatementRun
from hagane.session.target import Target, existing_table, target_table
from hagane.session.written_rows import written_rows
from hagane.workspace.stored_table import StoredTable, TableColumn
from hagane.workspace.table_change import TableChange

MOST_FILES = 64
"""Of a table; an INSERT that would make more writes all rows into one."""
_NUMBERS = ("INT64", "NUMERIC", "BIGNUMERIC", "FLOAT64")


def run_insert(run: StatementRun) -> Result:
    """The rows of VALUES or of a query, put into the columns named. Raises HaganeError."""
    tree = run.tree
    target = target_table(tree.this, run)
    if target.temporary:
        columns = _columns_of(target, run)
        sql = f"INSERT INTO {target.temporary} {_rows(tree, columns, run)}"
        return _done(_changed(sql, run), target, run)
    existing_table(target, run)
    with run.state.workspace.tables.changing(target.name) as change:
        columns = existing_table(target, run).manifest.columns
        path, num_rows = written_rows(run, change, _rows(tree, columns, run), columns)
        _commit(run, change, columns, path, num_rows)
    return _done(num_rows, target, run)


def _commit(run: StatementRun, change: TableChange, columns: Sequence[TableColumn], path: object, num: int) -> None:
    """The file behind the others; all in one where they become many."""
    old = change.old
    assert isinstance(old, StoredTable)
    if len(old.files) < MOST_FILES:
        change.commit(columns, [(path, num)], keep_old=True)  # type: ignore[list-item]
        return
    files = [*old.files, path]
    sql = f"SELECT * FROM {parquet_sql(files)}"  # type: ignore[arg-type]
    change.commit(columns, [written_rows(run, change, sql, columns)])


def _rows(tree: exp.Expression, columns: Sequence[TableColumn], run: StatementRun) -> str:
    """DuckDB's SELECT of the rows in the table's order, NULL where the statement names no column."""
    names = _named(tree, columns, run)
    source = tree.expression
    if isinstance(source, exp.Values):
        _refuse_default(source, run)
        sql = run.resolver.duckdb_sql(exp.select("*").from_(source))
    else:
        sql = run.resolver.duckdb_sql(source.unnest() if isinstance(source, exp.Subquery) else source)
    found = run.sources.described(sql, shown_sql=run.shown_sql)
    if len(found) != len(names):
        what = f"Inserted row has wrong column count; Has {len(found)}, expected {len(names)}"
        raise SqlError(_fault(what, run))
    by_name = {column.name: column for column in columns}
    _check_types([by_name[name] for name in names], [type_ for _, type_ in found], source, run)
    places = {name: f"column_{place}" for place, name in enumerate(names)}
    listed = ", ".join(
        f"CAST({places.get(column.name, 'NULL')} AS {column.type}) AS {quote_name(column.name)}" for column in columns
    )
    return f"SELECT {listed} FROM ({sql}\n) AS rows ({', '.join(places.values())})"


def _named(tree: exp.Expression, columns: Sequence[TableColumn], run: StatementRun) -> list[str]:
    """The columns into which rows are put, as the table calls them. Raises SqlError."""
    by_lower = {column.name.lower(): column.name for column in columns}
    if not isinstance(tree.this, exp.Schema):
        return list(by_lower.values())
    faults, names = [], []
    for identifier in tree.this.expressions:
        name = by_lower.get(identifier.name.lower())
        if name is None:
            meta = identifier.meta
            faults.append(Fault(what=f"Column {identifier.name} is not present in the table", sql=run.sql,
                                start=meta.get("start", run.statement.start), end=meta.get("end", 0) + 1,
                                nearest=nearest(identifier.name, by_lower.values())))  # fmt: skip
        elif name in names:
            faults.append(_fault(f"Column {name} is named twice", run))
        else:
            names.append(name)
    required = [column.name for column in columns if column.required and column.name not in names]
    if required and not faults:
        faults.append(_fault(f"Required column {required[0]} is given no value", run))
    if faults:
        raise SqlError(*faults)
    return names


def _check_types(
    columns: Sequence[TableColumn], types: Sequence[DuckDbType], source: exp.Expression, run: StatementRun
) -> None:
    """Raise SqlError for values that BigQuery would not put into a column of that type."""
    faults = [
        _fault(f"Value of type {found.bigquery} cannot be inserted into column {column.name}, which is {wanted}", run)
        for place, (column, found) in enumerate(zip(columns, types, strict=True))
        if not _is_null(source, place)
        and not _goes_into(found.normal.bigquery, wanted := DuckDbType.parse(column.type).bigquery, source)
        and found.name != "NULL"
    ]
    if faults:
        raise SqlError(*faults)


def _is_null(source: exp.Expression, place: int) -> bool:
    """Whether the values at this place are all NULL, written so: that is of any type."""
    rows = source.expressions if isinstance(source, exp.Values) else [source.unnest()]
    given = [row.expressions[place] if place < len(row.expressions) else row for row in rows]
    return bool(given) and all(isinstance(each.unalias(), exp.Null) for each in given)


def _goes_into(found: str, wanted: str, source: exp.Expression) -> bool:
    """Whether BigQuery coerces: numbers to wider ones, DATE to DATETIME; literals of text to times."""
    base, to = found.partition("(")[0], wanted.partition("(")[0]
    if base == to or "<" in found + wanted:
        return ("<" in found) == ("<" in wanted)
    if base in _NUMBERS and to in _NUMBERS:
        return _NUMBERS.index(base) <= _NUMBERS.index(to) or isinstance(source, exp.Values)
    if base in ("DATE", "DATETIME", "TIMESTAMP") and to in ("DATETIME", "TIMESTAMP", "DATE"):
        return True
    return base == "STRING" and to in ("DATE", "DATETIME", "TIMESTAMP", "TIME", "JSON", "GEOGRAPHY", "BYTES")


def _refuse_default(values: exp.Values, run: StatementRun) -> None:
    for node in values.find_all(exp.Column, exp.Var):
        if node.name.upper() == "DEFAULT":
            raise SqlError(_fault("DEFAULT is no value here: columns have no defaults", run))


def _columns_of(target: Target, run: StatementRun) -> tuple[TableColumn, ...]:
    described = run.sources.described(f"SELECT * FROM {target.temporary}")
    return tuple(TableColumn(name=name, type=type_.text) for name, type_ in described)


def _changed(sql: str, run: StatementRun) -> int:
    row = run.sources.first_row(sql, shown_sql=run.shown_sql)
    return int(row[0]) if row else 0


def _done(num_rows: int, target: Target, run: StatementRun) -> Result:
    message = f"inserted {counted(num_rows, 'row')} into {target.name}"
    return Result(kind=run.kind, message=message, num_changed_rows=num_rows)


def _fault(what: str, run: StatementRun) -> Fault:
    return Fault(what=what, sql=run.sql, start=run.statement.start, end=run.statement.end)
