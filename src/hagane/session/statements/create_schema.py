"""CREATE SCHEMA: a dataset."""

from __future__ import annotations

from hagane.errors import Fault, SqlError, StorageError
from hagane.session.result import Result
from hagane.session.schema_name import schema_name
from hagane.session.statement_options import described
from hagane.session.statement_run import StatementRun


def run_create_schema(run: StatementRun) -> Result:
    """Make the dataset. Raises StorageError where it is there."""
    tree = run.tree
    name = schema_name(tree, run)
    if name.upper() == "INFORMATION_SCHEMA":
        raise SqlError(Fault(what="INFORMATION_SCHEMA is there already", next_step="choose another name"))
    about = described(tree, run)
    if name in run.state.workspace.tables.datasets():
        if tree.args.get("exists"):
            return Result(kind=run.kind, message=f"dataset {name} is there already")
        step = f"CREATE SCHEMA IF NOT EXISTS {name}"
        raise StorageError(Fault(what=f"Already Exists: Dataset {name}", sql=run.sql, start=run.statement.start,
                                 end=run.statement.end, next_step=step))  # fmt: skip
    run.state.workspace.tables.put_dataset(name, about)
    return Result(kind=run.kind, message=f"created dataset {name}")
