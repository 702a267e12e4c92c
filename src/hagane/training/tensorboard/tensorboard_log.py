"""`TensorBoardLog`: a training's curves as TensorBoard shows them."""

from __future__ import annotations

import math
import struct
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from hagane.progress.event_listener import EventListener
from hagane.progress.events import Event, IterationEnded, Resumed, StepEnded
from hagane.progress.step_thinner import StepThinner
from hagane.training.tensorboard.event_file import EventFile
from hagane.training.tensorboard.messages import (
    Hparam,
    hparams_end_event,
    hparams_event,
    scalars_event,
    session_start_event,
    version_event,
)

LARGEST_FLOAT32 = struct.unpack("<f", b"\xff\xff\x7f\x7f")[0]


class TensorBoardLog(EventListener):
    """Implements `hagane.progress.Progress` by a new event file in `folder`, one run of TensorBoard's.

    Tags of an iteration: `loss/train`, `loss/eval`, `learning_rate`, `examples_per_second`, `metric/NAME`; of
    the steps between (`StepThinner`): `step/loss`, `step/learning_rate`, `step/examples_per_second`. All are over
    optimizer steps.

    A training that goes on writes a file of its own, and says first that what another wrote of later steps is void.
    The work outlives its log: when nothing can be written any more, `on_loss` is called with the reason, once. Raises
    OSError where the file cannot be made.
    """

    def __init__(
        self,
        folder: Path,
        hparams: Mapping[str, Hparam] | None = None,
        *,
        on_loss: Callable[[OSError], None] | None = None,
    ) -> None:
        self.folder = folder
        self._on_loss = on_loss
        self._lock = threading.Lock()
        self._steps = StepThinner()
        self._has_begun = self._is_lost = False
        self._file = EventFile(folder)
        self._write(version_event(time.time()))
        if hparams:
            self._write(hparams_event(time.time(), hparams))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._write(hparams_end_event(time.time(), kind is None))
        with self._lock:
            self._is_lost = True
            self._file.close()

    def tell(self, event: Event) -> None:
        """Write what has a curve."""
        if isinstance(event, Resumed):
            self._steps = StepThinner()
            self._begin(event.step + 1)
        elif isinstance(event, StepEnded):
            thinned = self._steps.take(event)
            if thinned is not None:
                self.write_scalars(thinned.step, _of_steps(thinned))
        elif isinstance(event, IterationEnded):
            self.write_scalars(event.step, _of_iteration(event))

    def write_scalars(self, step: int, figures: Mapping[str, float | None]) -> None:
        """Write figures by their tags; None: there is none."""
        if not self._has_begun:
            self._begin(1)
        known = {tag: _as_float32(value) for tag, value in figures.items() if value is not None}
        self._write(scalars_event(time.time(), step, known))

    def _begin(self, step: int) -> None:
        self._has_begun = True
        self._write(session_start_event(time.time(), step))

    def _write(self, event: bytes) -> None:
        with self._lock:
            if self._is_lost:
                return
            try:
                self._file.write(event)
                return
            except OSError as error:
                self._is_lost, reason = True, error
        if self._on_loss is not None:
            self._on_loss(reason)


def _of_steps(event: StepEnded) -> dict[str, float | None]:
    seconds = event.duration_seconds
    return {
        "step/loss": event.loss,
        "step/learning_rate": event.learning_rate,
        "step/examples_per_second": event.num_examples / seconds if seconds > 0 else None,
    }


def _of_iteration(event: IterationEnded) -> dict[str, float | None]:
    figures = {
        "loss/train": event.loss,
        "loss/eval": event.eval_loss,
        "learning_rate": event.learning_rate,
        "examples_per_second": event.examples_per_second,
    }
    return figures | ({f"metric/{event.metric_name}": event.metric} if event.metric_name else {})


def _as_float32(value: float) -> float:
    """A scalar is a float32: what is larger is infinite."""
    return value if math.isnan(value) or abs(value) <= LARGEST_FLOAT32 else math.copysign(math.inf, value)
