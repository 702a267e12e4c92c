"""CREATE VIEW: a query by name."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from sqlglot import exp

from hagane.errors import Fault, SqlError
from hagane.session.result import Result
from hagane.session.statement_options import described
from hagane.session.statement_run import StatementRun
from hagane.session.substitute import count_placeholders
from hagane.session.target import already_exists, check_no_model, target_table
from hagane.sql.bigquery_ml import BigQueryMl
from hagane.sql.statement import OtherStatement
from hagane.workspace.stored_table import StoredTable, StoredView, ViewAbout


def run_create_view(run: StatementRun) -> Result:
    """Keep the query's text, once it is seen that it can be run. Raises HaganeError."""
    tree = run.tree
    target = target_table(tree.this, run)
    _check_no_parameters(run)
    check_no_model(target, run)
    query = tree.expression
    columns = run.sources.described(run.resolver.duckdb_sql(query), shown_sql=run.shown_sql)
    names = tuple(each.name for each in tree.this.expressions) if isinstance(tree.this, exp.Schema) else ()
    if names and len(names) != len(columns):
        what = f"the view names {len(names)} columns, its query gives {len(columns)}"
        raise SqlError(Fault(what=what, sql=run.sql, start=run.statement.start, end=run.statement.end))
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    about = ViewAbout(created=now, about=described(tree, run), columns=names)
    text = query.sql(dialect=BigQueryMl, pretty=True)
    properties = tree.args.get("properties")
    is_temporary = properties is not None and properties.find(exp.TemporaryProperty) is not None
    old = run.state.temporary_views.get(target.name.table) if is_temporary else \
        run.state.workspace.tables.find(target.name)  # fmt: skip
    if isinstance(old, StoredTable):
        raise already_exists(target, run)
    if old is not None and tree.args.get("exists"):
        return Result(kind=run.kind, message=f"view {target.name} is there already")
    if old is not None and not tree.args.get("replace"):
        raise already_exists(target, run, what="View")
    view = StoredView(name=target.name, query=text, view=about)
    if is_temporary:
        run.state.temporary_views[target.name.table] = view
    else:
        run.state.workspace.tables.put_view(target.name, text, about)
    return Result(kind=run.kind, message=f"created view {target.name}")


def _check_no_parameters(run: StatementRun) -> None:
    statement = run.statement
    assert isinstance(statement, OtherStatement)
    if statement.tree.find(exp.Parameter) or count_placeholders(statement.tree):
        fault = Fault(what="a view cannot hold parameters", sql=run.sql, start=statement.start, end=statement.end)
        raise SqlError(msgspec.structs.replace(fault, next_step="write the values themselves"))
