"""CREATE TABLE: with columns, or with the rows of a query, or like another table."""

from __future__ import annotations

from sqlglot import exp

from hagane.counted import counted
from hagane.data.engine import quote_name
from hagane.errors import Fault, SqlError
from hagane.session.result import Result
from hagane.session.statement_options import described
from hagane.session.statement_run import StatementRun
from hagane.session.table_columns import check_columns, declared_columns, query_columns
from hagane.session.target import Target, already_exists, check_no_model, existing_table, target_table
from hagane.session.written_rows import written_rows
from hagane.workspace.stored_table import TableColumn

_STORAGE = (exp.PartitionedByProperty, exp.Cluster, exp.ClusteredByProperty)


def run_create_table(run: StatementRun) -> Result:
    """The table, written beside and put in place in one step. Raises StorageError where the name is taken."""
    tree = run.tree
    target = target_table(tree.this, run)
    properties = tree.args.get("properties")
    kinds = [type(each) for each in properties.expressions] if properties is not None else []
    if any(issubclass(kind, _STORAGE) for kind in kinds) or tree.find(exp.PartitionedByProperty):
        run.notices.append("PARTITION BY and CLUSTER BY have no meaning here: files are read by what they hold")
    columns, sql = _content(tree, run)
    if exp.TemporaryProperty in kinds or target.node.name.startswith("_session."):
        return _temporary(tree, target, columns, sql, run)
    about = described(tree, run)
    check_no_model(target, run)
    with run.state.workspace.tables.changing(target.name) as change:
        if change.old is not None and not tree.args.get("replace"):
            if tree.args.get("exists"):
                return Result(kind=run.kind, message=f"table {target.name} is there already")
            raise already_exists(target, run)
        path, num_rows = written_rows(run, change, sql, columns)
        change.commit(columns, [(path, num_rows)], about=about)
    return Result(kind=run.kind, message=f"created table {target.name}: {counted(num_rows, 'row')}")


def _content(tree: exp.Expression, run: StatementRun) -> tuple[tuple[TableColumn, ...], str]:
    """The columns, and DuckDB's SELECT of the rows."""
    definitions = [each for each in tree.this.expressions if isinstance(each, exp.ColumnDef)] \
        if isinstance(tree.this, exp.Schema) else []  # fmt: skip
    query = tree.expression
    other = tree.args.get("clone") or next(iter(tree.find_all(exp.LikeProperty)), None)
    if other is not None:
        stored = existing_table(target_table(other, run), run)
        node = other.find(exp.Table)
        assert node is not None
        rows = exp.select("*").from_(node.copy())
        limited = rows if isinstance(other, exp.Clone) else rows.limit(0)
        return stored.manifest.columns, run.resolver.duckdb_sql(limited)
    if query is None:
        columns = declared_columns(definitions, run)
        nulls = ", ".join(f"NULL AS {quote_name(column.name)}" for column in columns)
        return columns, f"SELECT {nulls} WHERE false"
    sql = run.resolver.duckdb_sql(query.unnest() if isinstance(query, exp.Subquery) else query)
    found = run.sources.described(sql, shown_sql=run.shown_sql)
    if not definitions:
        return query_columns(found, run), sql
    columns = declared_columns(definitions, run)
    if len(columns) != len(found):
        what = f"the table has {counted(len(columns), 'column')}, the query gives {len(found)}"
        raise SqlError(Fault(what=what, sql=run.sql, start=run.statement.start, end=run.statement.end))
    return columns, sql


def _temporary(
    tree: exp.Expression, target: Target, columns: tuple[TableColumn, ...], sql: str, run: StatementRun
) -> Result:
    """A table of the session's own, in DuckDB."""
    name = target.name.table
    state = run.state
    if (target.temporary or name in state.temporary_views) and not tree.args.get("replace"):
        if tree.args.get("exists"):
            return Result(kind=run.kind, message=f"temporary table {name} is there already")
        raise already_exists(target, run)
    check_columns(columns, run)
    made = state.new_temporary_name()
    listed = ", ".join(f"CAST(column_{i} AS {column.type}) AS {quote_name(column.name)}"
                       for i, column in enumerate(columns))  # fmt: skip
    names = ", ".join(f"column_{i}" for i in range(len(columns)))
    with run.sources.faults(run.shown_sql):
        connection = run.sources.connect(sql)
        try:
            connection.execute(f"CREATE TABLE {made} AS SELECT {listed} FROM ({sql}\n) AS rows ({names})")
        finally:
            connection.close()
    if target.temporary:
        state.engine.run(f"DROP TABLE {target.temporary}")
    state.temporary_views.pop(name, None)
    state.temporary_tables[name] = made
    count = state.engine.query(f"SELECT count(*) AS n FROM {made}")["n"][0].as_py()
    return Result(kind=run.kind, message=f"created temporary table {name}: {counted(count, 'row')}")
