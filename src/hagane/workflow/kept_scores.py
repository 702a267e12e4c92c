"""`KeptScores`: what each trial of a study answered for the rows that it was judged on, for paired tests at its end."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np

from hagane.errors import Fault, StorageError
from hagane.workflow.trial_scores import TrialScores
from hagane.workspace.workspace import Workspace

MOST_NUMBERS = 4_000_000
"""Of more scores none are kept: so many rows tell trials apart by their standard errors."""


class KeptScores:
    """Files `<trial>.npz` in a folder, which is made by the first one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def of_study(workspace: Workspace, name: str) -> KeptScores:
        """Those of a study of the workspace."""
        return KeptScores(workspace.studies_folder / f"{name}.scores")

    def keep(self, trial: int, scores: TrialScores) -> None:
        """In the place of what was kept of it. Raises StorageError."""
        if scores.scores.size > MOST_NUMBERS:
            return
        partial = self.folder / f".{trial}.{os.getpid()}.npz"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            np.savez(partial, labels=scores.labels, scores=scores.scores)
            partial.replace(self._path(trial))
        except OSError as error:
            partial.unlink(missing_ok=True)
            fault = Fault(what=f"{self.folder}: {error.strerror}", next_step="make room or grant access")
            raise StorageError(fault) from None

    def find(self, trial: int) -> TrialScores | None:
        """Of a trial; None where nothing was kept, or what was kept is damaged."""
        with suppress(OSError, ValueError, KeyError, EOFError), np.load(self._path(trial), allow_pickle=False) as kept:
            return TrialScores(kept["labels"], kept["scores"])
        return None

    def remove(self) -> None:
        """All of them."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, trial: int) -> Path:
        return self.folder / f"{trial}.npz"
