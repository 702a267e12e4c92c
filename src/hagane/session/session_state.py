"""`SessionState`: what a session knows between its statements."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

import pyarrow as pa

from hagane.data.engine import Engine
from hagane.progress import SILENT, Progress
from hagane.session.variable import Variable
from hagane.workspace.stored_table import StoredView
from hagane.workspace.table_name import DEFAULT_DATASET, TableName
from hagane.workspace.workspace import Workspace


@dataclass(slots=True, kw_only=True)
class SessionState:
    """One session's engine, workspace, temporary things and variables."""

    workspace: Workspace
    engine: Engine
    project: str = "hagane"
    """What names of three parts may begin with; others are dropped with a notice."""
    dataset: str = DEFAULT_DATASET
    """What a bare name is in."""
    progress: Progress = SILENT
    temporary_tables: dict[str, str] = field(default_factory=dict)
    """CREATE TEMP TABLE: name → the name in DuckDB."""
    temporary_views: dict[str, StoredView] = field(default_factory=dict)
    temporary_models: Workspace | None = None
    """CREATE TEMP MODEL: a workspace of their own, which ends with the session."""
    variables: dict[str, Variable] = field(default_factory=dict)
    """DECLARE: name in lower case → its type and its value."""
    files: dict[str, tuple[object, str]] = field(default_factory=dict)
    """Path that was read as a table → the state in which its files were, DuckDB's SELECT over them."""
    answers: Callable[[str, str], pa.Table | None] = lambda dataset, table: None
    """The rows that a server keeps of an earlier query, under the dataset and table by which its client knows them."""
    num_temporary: int = 0
    ending: ExitStack = field(default_factory=ExitStack)
    """What ends with the session."""

    def temporary_workspace(self) -> Workspace:
        """Where temporary models are; made by the first of them, removed with the session or after its process."""
        if self.temporary_models is None:
            folder = self.ending.enter_context(self.workspace.scratch("session"))
            self.temporary_models = Workspace(folder)
        return self.temporary_models

    def table_name(self, parts: tuple[str, ...]) -> TableName:
        """The table that a name of one to three parts is."""
        return TableName(parts[-2] if len(parts) > 1 else self.dataset, parts[-1])

    def new_temporary_name(self) -> str:
        """A table's name in DuckDB that nothing has."""
        self.num_temporary += 1
        return f"hagane_temporary_{self.num_temporary}"
