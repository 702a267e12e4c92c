"""What statements do: one file a kind of statement.

`RUNNERS` is the table: the class of a statement, or of its tree, → the function that runs it, imported when it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from hagane.errors import Fault, SqlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hagane.session.result import Result
    from hagane.session.statement_run import StatementRun

    Runner = Callable[[StatementRun], Result]

RUNNERS: dict[str, str] = {
    "QueryStatement": "query:run_query",
    "CreateModel": "create_model:run_create_model",
    "DropModel": "drop_model:run_drop_model",
    "AlterModel": "alter_model:run_alter_model",
    "ExportModel": "export_model:run_export_model",
    "Declare": "declare:run_declare",
    "SetVariable": "set_variable:run_set",
    "CREATE_SCHEMA": "create_schema:run_create_schema",
    "DROP_SCHEMA": "drop_schema:run_drop_schema",
    "CREATE_TABLE": "create_table:run_create_table",
    "CREATE_TABLE_AS_SELECT": "create_table:run_create_table",
    "CREATE_VIEW": "create_view:run_create_view",
    "DROP_TABLE": "drop_table:run_drop_table",
    "DROP_VIEW": "drop_table:run_drop_table",
    "ALTER_TABLE": "alter_table:run_alter_table",
    "ALTER_VIEW": "alter_table:run_alter_table",
    "INSERT": "insert:run_insert",
    "UPDATE": "change_rows:run_change_rows",
    "DELETE": "change_rows:run_change_rows",
    "MERGE": "change_rows:run_change_rows",
    "TRUNCATE_TABLE": "truncate_table:run_truncate_table",
}
"""Class of the statement, or the kind of an `OtherStatement` → `module:function`."""


def run_statement(run: StatementRun) -> Result:
    """What the statement answers. Raises HaganeError."""
    key = run.kind if run.kind in RUNNERS else type(run.statement).__name__
    place = RUNNERS.get(key)
    if place is None:
        what = f"{run.kind.replace('_', ' ')} does not run here"
        raise SqlError(Fault(what=what, sql=run.sql, start=run.statement.start, end=run.statement.end))
    module, _, name = place.partition(":")
    runner: Runner = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    return runner(run)
