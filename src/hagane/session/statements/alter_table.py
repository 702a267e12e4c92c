"""ALTER TABLE, ALTER VIEW: columns, the name, what is said of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlglot import exp

from hagane.data.engine import quote_name
from hagane.data.origin import parquet_sql
from hagane.errors import Fault, HaganeError, NotFoundError, SqlError, nearest
from hagane.session.result import Result
from hagane.session.statement_options import described
from hagane.session.statement_run import StatementRun
from hagane.session.table_columns import check_columns, declared_columns
from hagane.session.target import Target, at_target, existing_table, target_table
from hagane.session.written_rows import written_rows
from hagane.workspace.stored_table import StoredTable, TableColumn
from hagane.workspace.table_name import TableName


def run_alter_table(run: StatementRun) -> Result:
    """SET OPTIONS, RENAME TO, ADD, DROP and RENAME COLUMN. Raises NotFoundError, SqlError for any other change."""
    tree = run.tree
    target = target_table(tree.this, run)
    actions = tree.args.get("actions") or []
    if tree.args.get("exists") and run.state.workspace.tables.find(target.name) is None:
        return Result(kind=run.kind, message=f"there was no {target.name}")
    if all(isinstance(action, exp.AlterSet) for action in actions):
        return _set_options(tree, target, run)
    if isinstance(actions[0], exp.AlterRename):
        return _rename(actions[0], target, run)
    existing_table(target, run)
    with run.state.workspace.tables.changing(target.name) as change:
        stored = existing_table(target, run)
        columns, sources = _altered(actions, stored, run)
        check_columns(columns, run)
        listed = ", ".join(f"{source} AS {quote_name(column.name)}"
                           for column, source in zip(columns, sources, strict=True))  # fmt: skip
        sql = f"SELECT {listed} FROM {parquet_sql(stored.files)}"
        change.commit(columns, [written_rows(run, change, sql, columns)])
    return Result(kind=run.kind, message=f"altered table {target.name}")


def _set_options(tree: exp.Expression, target: Target, run: StatementRun) -> Result:
    tables = run.state.workspace.tables
    try:
        found = tables.get(target.name)
    except NotFoundError as error:
        raise NotFoundError(*(at_target(fault, target.node, run) for fault in error.faults)) from None
    before = found.manifest.about if isinstance(found, StoredTable) else found.view.about
    tables.describe(target.name, described(tree, run, before))
    return Result(kind=run.kind, message=f"altered {target.name}")


def _rename(action: exp.Expression, target: Target, run: StatementRun) -> Result:
    existing_table(target, run)
    new = TableName(target.name.dataset, action.this.name)
    try:
        run.state.workspace.tables.rename(target.name, new)
    except HaganeError as error:
        raise type(error)(*(at_target(fault, action.this, run) for fault in error.faults)) from None
    return Result(kind=run.kind, message=f"renamed {target.name} to {new}")


def _altered(
    actions: Sequence[exp.Expression], stored: StoredTable, run: StatementRun
) -> tuple[list[TableColumn], list[str]]:
    """The columns afterwards, and what each is made of."""
    columns = list(stored.manifest.columns)
    sources = [quote_name(column.name) for column in columns]
    for action in actions:
        if isinstance(action, exp.ColumnDef):
            _add(action, columns, sources, run)
        elif isinstance(action, exp.Drop):
            place = _place(action.find(exp.Column, exp.Identifier), columns, run, if_exists=action.args.get("exists"))
            if place is not None:
                del columns[place], sources[place]
        elif isinstance(action, exp.RenameColumn):
            place = _place(action.this, columns, run, if_exists=action.args.get("exists"))
            if place is not None:
                columns[place] = msgspec.structs.replace(columns[place], name=action.args["to"].name)
        else:
            expected = "ADD COLUMN, DROP COLUMN, RENAME COLUMN, RENAME TO, SET OPTIONS"
            raise SqlError(Fault(what="this change of a table does not run here", sql=run.sql, expected=expected,
                                 start=run.statement.start, end=run.statement.end))  # fmt: skip
    return columns, sources


def _add(action: exp.ColumnDef, columns: list[TableColumn], sources: list[str], run: StatementRun) -> None:
    if action.args.get("exists") and action.name.lower() in [column.name.lower() for column in columns]:
        return
    (column,) = declared_columns([action], run)
    if column.required:
        what = f"the new column {column.name} is NULL in the rows that are there"
        start, end = run.statement.start, run.statement.end
        raise SqlError(Fault(what=what, sql=run.sql, start=start, end=end, next_step="leave NOT NULL out"))
    columns.append(column)
    sources.append("NULL")


def _place(
    node: exp.Expression | None, columns: Sequence[TableColumn], run: StatementRun, *, if_exists: bool | None
) -> int | None:
    name = node.name if node is not None else ""
    names = [column.name.lower() for column in columns]
    if name.lower() in names:
        return names.index(name.lower())
    if if_exists:
        return None
    raise SqlError(Fault(what=f"Column not found: {name}", sql=run.sql, start=run.statement.start,
                         end=run.statement.end, nearest=nearest(name, names)))  # fmt: skip
