"""`tensorboard_trials`: where the trials of a study are drawn, if its spec says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hagane.progress import Progress
from hagane.progress.events import Warned
from hagane.progress.tee import Tee
from hagane.spec.spec import Spec
from hagane.training.tensorboard.tensorboard_trials import TensorBoardTrials
from hagane.workspace.workspace import Workspace


@contextmanager
def tensorboard_trials(spec: Spec, workspace: Workspace, progress: Progress) -> Iterator[Progress]:
    """`progress`, and where `training.tensorboard` asks for it a TensorBoard run for each trial beside it."""
    asked = spec.training.tensorboard
    if not asked:
        yield progress
        return

    def warn(error: OSError) -> None:
        progress.tell(Warned(text=f"TensorBoard is told no more of trials: {error.strerror}; the study goes on"))

    with TensorBoardTrials(workspace.root / "tensorboard" if asked is True else Path(asked), on_loss=warn) as trials:
        yield Tee(progress, trials)
