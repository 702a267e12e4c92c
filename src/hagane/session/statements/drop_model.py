"""DROP MODEL: all versions of a name."""

from __future__ import annotations

from typing import Any

import msgspec

from hagane.counted import counted
from hagane.errors import HaganeError, NotFoundError
from hagane.session.find_model import find_model
from hagane.session.result import Result
from hagane.session.statement_run import StatementRun
from hagane.sql.statement import DropModel


def run_drop_model(run: StatementRun) -> Result:
    """Delete the model. Raises NotFoundError, and StorageError while a version of it is deployed."""
    statement = run.statement
    assert isinstance(statement, DropModel)
    place: dict[str, Any] = {"sql": run.sql, "start": statement.start, "end": statement.end}
    try:
        found = find_model(statement.name, run.state)
        versions = found.workspace.delete_all(found.version.name)
    except NotFoundError as error:
        if statement.if_exists:
            return Result(kind=run.kind, message=f"there was no model {statement.name}")
        raise NotFoundError(*(msgspec.structs.replace(fault, **place) for fault in error.faults)) from None
    except HaganeError as error:
        raise type(error)(*(msgspec.structs.replace(fault, **place) for fault in error.faults)) from None
    return Result(kind=run.kind, message=f"dropped model {versions[0].name}: {counted(len(versions), 'version')}")
