"""DROP SCHEMA: a dataset."""

from __future__ import annotations

from typing import Any

import msgspec

from hagane.errors import Fault, NotFoundError, StorageError
from hagane.session.model_name import dataset_of
from hagane.session.result import Result
from hagane.session.schema_name import schema_name
from hagane.session.statement_run import StatementRun
from hagane.workspace.table_name import DEFAULT_DATASET


def run_drop_schema(run: StatementRun) -> Result:
    """Remove the dataset, with CASCADE and all of its tables and views; not where it has models.

    Raises NotFoundError, StorageError.
    """
    tree = run.tree
    name = schema_name(tree, run)
    tables = run.state.workspace.tables
    place: dict[str, Any] = {"sql": run.sql, "start": run.statement.start, "end": run.statement.end}
    if name == DEFAULT_DATASET:
        raise StorageError(Fault(what=f"the dataset {name} is always there", **place))
    models = {version.name for version in run.state.workspace.list()
              if dataset_of(version.name, (name,))[0] == name}  # fmt: skip
    if models:
        what = f"Dataset {name} is still in use: it holds the models {', '.join(sorted(models))}"
        raise StorageError(Fault(what=what, next_step=f"DROP MODEL {min(models)}", **place))
    try:
        tables.drop_dataset(name, cascade=bool(tree.args.get("cascade")))
    except NotFoundError as error:
        if tree.args.get("exists"):
            return Result(kind=run.kind, message=f"there was no dataset {name}")
        raise NotFoundError(*(msgspec.structs.replace(fault, **place) for fault in error.faults)) from None
    return Result(kind=run.kind, message=f"dropped dataset {name}")
