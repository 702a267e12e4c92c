"""DROP TABLE, DROP VIEW."""

from __future__ import annotations

from hagane.errors import Fault, NotFoundError, SqlError
from hagane.session.result import Result
from hagane.session.statement_run import StatementRun
from hagane.session.target import at_target, target_table
from hagane.workspace.stored_table import StoredView


def run_drop_table(run: StatementRun) -> Result:
    """Remove a table, or a view. Raises NotFoundError, and SqlError for a view as a table or a table as a view."""
    tree = run.tree
    is_view = run.kind == "DROP_VIEW"
    target = target_table(tree, run)
    name = target.name.table
    what = "view" if is_view else "table"
    state = run.state
    if not is_view and target.temporary:
        state.engine.run(f"DROP TABLE {state.temporary_tables.pop(name)}")
        return Result(kind=run.kind, message=f"dropped temporary table {name}")
    if is_view and target.node.args.get("db") is None and name in state.temporary_views:
        del state.temporary_views[name]
        return Result(kind=run.kind, message=f"dropped temporary view {name}")
    try:
        found = state.workspace.tables.get(target.name)
        if isinstance(found, StoredView) is not is_view:
            other = "view" if isinstance(found, StoredView) else "table"
            fault = Fault(what=f"{target.name} is a {other}", next_step=f"DROP {other.upper()} {target.name}")
            raise SqlError(at_target(fault, target.node, run))
        state.workspace.tables.drop(target.name)
    except NotFoundError as error:
        if tree.args.get("exists"):
            return Result(kind=run.kind, message=f"there was no {what} {target.name}")
        raise NotFoundError(*(at_target(fault, target.node, run) for fault in error.faults)) from None
    return Result(kind=run.kind, message=f"dropped {what} {target.name}")
