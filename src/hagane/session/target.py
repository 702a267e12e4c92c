"""`target_table`: the table that a statement makes, changes or drops."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from sqlglot import exp

from hagane.errors import Fault, HaganeError, NotFoundError, SqlError, StorageError, nearest
from hagane.session.statement_run import StatementRun
from hagane.session.table_path import table_path
from hagane.workspace.stored_table import StoredTable
from hagane.workspace.table_name import TableName


class Target(NamedTuple):
    """A table by its name, and where it stands."""

    node: exp.Table
    name: TableName
    temporary: str
    """Its name in DuckDB, where it is a temporary table; else empty."""


def target_table(tree: exp.Expression, run: StatementRun) -> Target:
    """The table that `tree`, a statement or its part, names first. Raises SqlError for INFORMATION_SCHEMA and paths."""
    node = tree if isinstance(tree, exp.Table) else tree.find(exp.Table)
    assert node is not None
    path = table_path(node)
    if path.view_of_schema or path.may_be_file or len(path.parts) > 3:
        what = f"'{path.text}' is no table that a statement could change"
        raise SqlError(at_target(Fault(what=what, expected="table, dataset.table"), node, run))
    temporary = run.state.temporary_tables.get(path.text, "") if len(path.parts) == 1 else ""
    if len(path.parts) == 3 and path.parts[0] != run.state.project:
        run.notices.append(f"the project of {path.text} is left aside: tables are this workspace's")
    return Target(node, run.state.table_name(path.parts), temporary)


def existing_table(target: Target, run: StatementRun) -> StoredTable:
    """What the workspace has of it. Raises NotFoundError, and SqlError for a view."""
    try:
        found = run.state.workspace.tables.get(target.name)
    except NotFoundError as error:
        near = error.faults[0].nearest or nearest(target.name.table, run.state.temporary_tables)
        fault = msgspec.structs.replace(error.faults[0], nearest=near)
        raise NotFoundError(at_target(fault, target.node, run)) from None
    if not isinstance(found, StoredTable):
        what = f"{target.name} is a view: its rows cannot be changed"
        raise SqlError(at_target(Fault(what=what), target.node, run))
    return found


def check_no_model(target: Target, run: StatementRun) -> None:
    """Raise StorageError where a model has the name, which tables and models share; NotFoundError without a dataset."""
    try:
        run.state.workspace.tables.dataset(target.name.dataset)
    except NotFoundError as error:
        raise NotFoundError(*(at_target(fault, target.node, run) for fault in error.faults)) from None
    if run.state.workspace.list(str(target.name)):
        fault = Fault(what=f"Already Exists: {target.name} is a model", next_step="choose another name")
        raise StorageError(at_target(fault, target.node, run))


def already_exists(target: Target, run: StatementRun, *, what: str = "Table") -> HaganeError:
    """What is raised where a new thing has the name of one that is there."""
    step = f"CREATE OR REPLACE …, or CREATE … IF NOT EXISTS, or DROP {what.upper()} {target.name}"
    return StorageError(
        at_target(Fault(what=f"Already Exists: {what} {target.name}", next_step=step), target.node, run)
    )


def at_target(fault: Fault, node: exp.Table, run: StatementRun) -> Fault:
    """The fault, underlined where the table is named."""
    meta = node.this.meta
    if fault.sql or "start" not in meta:
        return fault
    first = next((part for part in (node.args.get("catalog"), node.args.get("db")) if part), node.this).meta
    return msgspec.structs.replace(fault, sql=run.sql, start=first.get("start", meta["start"]), end=meta["end"] + 1)
