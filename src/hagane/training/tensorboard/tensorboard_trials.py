"""`TensorBoardTrials`: the trials of a study as TensorBoard shows them: a run each, with its hyperparameters."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hagane.progress.event_listener import EventListener
from hagane.progress.events import Event, StudyStarted, TrialEnded, TrialMeasured, TrialStarted
from hagane.training.tensorboard.messages import Hparam
from hagane.training.tensorboard.tensorboard_log import TensorBoardLog

SUCCEEDED = ("SUCCEEDED", "STOPPED")


class TensorBoardTrials(EventListener):
    """Implements `hagane.progress.Progress` by a run `STUDY/trial-007` in `folder` for each trial.

    Its hyperparameters stand on the HPARAMS page; tags are `eval/METRIC` on the way, by iteration, and `trial/METRIC`,
    what it came to. A trial that failed has no such figure and is marked so. The work outlives its logs: when nothing
    can be written any more, `on_loss` is called with the reason, once.
    """

    def __init__(self, folder: Path, *, on_loss: Callable[[OSError], None] | None = None) -> None:
        self.folder = folder
        self._on_loss = on_loss
        self._is_lost = False
        self._study = ""
        self._logs: dict[int, TensorBoardLog] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for number in list(self._logs):
            self._close(number, succeeded=False)

    def tell(self, event: Event) -> None:
        """Write what is of trials."""
        if isinstance(event, StudyStarted):
            self._study = event.study
        elif isinstance(event, TrialStarted):
            self._open(event)
        elif isinstance(event, TrialMeasured) and event.trial in self._logs:
            figures = {f"eval/{name}": value for name, value in event.metrics.items()}
            self._logs[event.trial].write_scalars(event.iteration, figures)
        elif isinstance(event, TrialEnded) and event.trial in self._logs:
            figures = {f"trial/{name}": value for name, value in event.metrics.items()}
            self._logs[event.trial].write_scalars(event.best_iteration or 0, figures)
            self._close(event.trial, succeeded=event.state in SUCCEEDED)

    def _open(self, event: TrialStarted) -> None:
        folder = self.folder / self._study / f"trial-{event.trial:03}"
        values = {name: _hparam(value) for name, value in event.parameters.items()}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._logs[event.trial] = TensorBoardLog(folder, values, on_loss=self._lose)
        except OSError as error:
            self._lose(error)

    def _close(self, number: int, *, succeeded: bool) -> None:
        error = None if succeeded else RuntimeError("the trial came to nothing")
        with contextlib.suppress(OSError):
            self._logs.pop(number).__exit__(type(error) if error else None, error, None)

    def _lose(self, error: OSError) -> None:
        if not self._is_lost and self._on_loss is not None:
            self._on_loss(error)
        self._is_lost = True


def _hparam(value: Any) -> Hparam:
    """A number, truth value or text; all else as text."""
    return value if isinstance(value, bool | int | float | str) else "left out" if value is None else str(value)
