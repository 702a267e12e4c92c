"""`sql`: a script of BigQuery's SQL from Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hagane.progress import SILENT, Progress

if TYPE_CHECKING:
    from hagane.session.parameters import Parameters
    from hagane.session.result import Result
    from hagane.workspace.workspace import Workspace


def sql(
    text: str,
    *,
    workspace: Workspace | Path | str | None = None,
    parameters: Parameters = None,
    memory_limit: str | int | None = None,
    progress: Progress = SILENT,
) -> Result:
    """Run a script of BigQuery's SQL, BigQuery ML's statements among it; what its last statement answers.

    Tables, views and models are those of `workspace` (by default `$HAGANE_HOME`, or `.hagane` here); files are named
    in backquotes. `parameters` are the values of `@names` (a mapping) or of `?` (a list). Temporary tables and
    variables end with the script: `hagane.Session` keeps them. Raises HaganeError, the SQL underlined.

    >>> import tempfile
    >>> sql("SELECT @a + 1 AS b", parameters={"a": 2}, workspace=tempfile.mkdtemp()).rows()
    [{'b': 3}]
    """
    from hagane.session.session import Session

    return Session(workspace, memory_limit=memory_limit, progress=progress).sql(text, parameters)
