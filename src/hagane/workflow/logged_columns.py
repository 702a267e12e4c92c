"""`logged_columns`: the columns of a model's log that are summed up."""

from __future__ import annotations

from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.types import SqlType
from hagane.workflow.answer_columns import answer_columns
from hagane.workflow.logged_column import LoggedColumn

INPUT = "instance."
"""How the names of raw columns begin."""


def logged_columns(model: LoggedModel) -> list[LoggedColumn]:
    """The raw columns that the log holds, then what is watched of the answers."""
    found = []
    for column in model.signature.inputs:
        treatment = model.sensitive.get(column.name)
        if treatment != "leave_out":
            hashed = SqlType.ARRAY_STRING if column.type.is_array else SqlType.STRING
            type_ = hashed if treatment == "hash" else column.type
            found.append(LoggedColumn(INPUT + column.name, type_, "instance", column.name))
    return [*found, *answer_columns(model.signature).values()]
