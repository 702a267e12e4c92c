"""UPDATE, DELETE, MERGE: a table's rows are changed in DuckDB, and written anew."""

from __future__ import annotations

from sqlglot import exp

from hagane.counted import counted
from hagane.data.engine import quote_name
from hagane.data.origin import parquet_sql
from hagane.errors import Fault, SqlError
from hagane.session.one_source_row import check_one_source_row
from hagane.session.result import Result
from hagane.session.slow_phase import slow_phase
from hagane.session.statement_run import StatementRun
from hagane.session.target import Target, existing_table, target_table
from hagane.session.working_table import working_table
from hagane.session.written_rows import written_rows
from hagane.workspace.stored_table import StoredTable

VERBS = {"UPDATE": "updated", "DELETE": "deleted", "MERGE": "merged"}


def run_change_rows(run: StatementRun) -> Result:
    """Raises SqlError for UPDATE and DELETE without WHERE, as BigQuery does."""
    tree = run.tree
    if run.kind in ("UPDATE", "DELETE") and tree.args.get("where") is None:
        raise SqlError(Fault(what=f"{run.kind} must have a WHERE clause", sql=run.sql, start=run.statement.start,
                             end=run.statement.end, next_step="all rows are meant by WHERE TRUE"))  # fmt: skip
    if isinstance(tree, exp.Delete) and tree.args.get("tables"):  # DELETE without FROM
        (table,) = tree.args["tables"]
        tree.set("this", table)
        tree.set("tables", None)
    target = target_table(tree.this, run)
    if target.temporary:
        return _done(_change(tree, target.temporary, target, run), target, run)
    existing_table(target, run)
    with run.state.workspace.tables.changing(target.name) as change:
        stored = existing_table(target, run)
        with working_table(f"SELECT * FROM {parquet_sql(stored.files)}", run) as name:
            num_rows = _change(tree, name, target, run)
            if num_rows:
                sql = f"SELECT {_listed(stored)} FROM {name}"
                change.commit(stored.manifest.columns, [written_rows(run, change, sql, stored.manifest.columns)])
    return _done(num_rows, target, run)


def _change(tree: exp.Expression, name: str, target: Target, run: StatementRun) -> int:
    """Run the statement on DuckDB's table `name`; how many rows it changed."""
    table = tree.this if isinstance(tree.this, exp.Table) else tree.this.find(exp.Table)
    alias = table.alias or target.name.table
    mark = exp.to_identifier(name)
    table.set("this", mark)
    table.set("db", None)
    table.set("catalog", None)
    table.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
    check_one_source_row(tree, name, alias, run)
    sql = run.resolver.duckdb_sql(tree, known=(name,))
    with slow_phase(run.state.progress, "change the rows"):
        row = run.sources.first_row(sql, shown_sql=run.shown_sql)
    return int(row[0]) if row else 0


def _listed(stored: StoredTable) -> str:
    return ", ".join(quote_name(column.name) for column in stored.manifest.columns)


def _done(num_rows: int, target: Target, run: StatementRun) -> Result:
    message = f"{VERBS[run.kind]} {counted(num_rows, 'row')} of {target.name}"
    return Result(kind=run.kind, message=message, num_changed_rows=num_rows)
