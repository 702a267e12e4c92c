"""`LoggedRows`: what is logged of one deployed model in one window, to be summed up."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from pathlib import Path

from hagane.bundle.bundle import Bundle
from hagane.bundle.signature import Signature
from hagane.data.engine import Engine
from hagane.errors import HaganeError
from hagane.monitoring.windows import Window
from hagane.serving.request_log.file_metadata import LoggedModel
from hagane.serving.request_log.log_folder import LogFolder
from hagane.spec.monitoring import Monitoring
from hagane.workspace.workspace import Workspace


@dataclasses.dataclass(frozen=True)
class LoggedRows:
    """Rows of one deployed model, without those of mirrors. Valid while the log is locked."""

    engine: Engine
    sql: str
    """A query for the rows, with the log's columns: `instance` and `prediction` are structs."""
    num_rows: int
    files: tuple[Path, ...]
    """The files in which they lie, where `sql` leaves out no row of the window but those of mirrors and other models;
    empty where it does."""
    model: LoggedModel
    window: Window
    folder: LogFolder
    workspace: Workspace
    monitoring: Monitoring

    @property
    def signature(self) -> Signature:
        """The model's."""
        return self.model.signature

    @property
    def without(self) -> frozenset[str]:
        """The raw columns of which the log holds no true values: pseudonyms, or nothing."""
        return frozenset(self.model.sensitive)

    @property
    def reference(self) -> str:
        """`late@3`."""
        return f"{self.model.model}@{self.model.version}"

    @cached_property
    def bundle(self) -> Bundle | None:
        """The model that answered, loaded once; None where its version is gone or cannot be read."""
        try:
            return Bundle.load(self.workspace.get(self.reference).path)
        except HaganeError:
            return None
