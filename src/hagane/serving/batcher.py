"""`Batcher`: rows of requests that came in one turn of the event loop, run as one batch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple

from hagane.bundle.predictions import Predictions
from hagane.bundle.typed_rows import TypedInstances
from hagane.serving.http import Rows
from hagane.serving.served_model import ServedModel

MOST_ROWS = 64
"""Of a batch: from here on a row's share of what a run costs is the row's own arithmetic."""


class Answer(NamedTuple):
    """What became of a request's rows."""

    outcome: Predictions | Exception | None
    """None: it was too late to run them."""
    begin: float
    """When the run began, in seconds of `time.monotonic`."""
    seconds: float
    """How long it took, for all rows of the batch."""


Done = Callable[[Answer], object]
_Job = tuple[TypedInstances, Rows, float, Done]


class Batcher:
    """Runs the rows of several requests at once, without waiting for more: nobody is later for it.

    The cost of a run is mostly per call. So requests are kept until the event loop has read what its sockets held at
    this moment, and answered together then. A row's answer does not depend on the rows beside it, to the last bit
    (`hagane.runtime.session`). Where a batch fails, each request is run alone, so that only the one to blame fails;
    rows on which an expression errs are refused likewise, each with its own faults.
    """

    def __init__(self, model: ServedModel) -> None:
        self._model = model
        self.most_rows = MOST_ROWS
        """Of a batch; one request may have more."""
        self._refuses = model.bundle.signature.on_error == "refuse"
        self._waiting: dict[asyncio.AbstractEventLoop, list[_Job]] = {}

    def add(self, instances: TypedInstances, rows: Rows, deadline: float, done: Done) -> None:
        """Answer `instances`, which are those of `rows`, at the event loop's next turn; at once where there is none."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._run([(instances, rows, deadline, done)])
            return
        jobs = self._waiting.get(loop)
        if jobs is None:
            for ended in [each for each in self._waiting if each.is_closed()]:
                del self._waiting[ended]
            jobs = self._waiting[loop] = []
            loop.call_soon(self._flush, loop)
        jobs.append((instances, rows, deadline, done))

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run all that waits, in batches of as many requests as fit."""
        batch: list[_Job] = []
        num_rows = 0
        for job in self._waiting.pop(loop):
            if batch and num_rows + len(job[0].values) > self.most_rows:
                self._run(batch)
                batch, num_rows = [], 0
            batch.append(job)
            num_rows += len(job[0].values)
        self._run(batch)

    def _run(self, batch: list[_Job]) -> None:
        begin = time.monotonic()
        if any(deadline < begin for _, _, deadline, _ in batch):
            batch = self._in_time(batch, begin)
        if not batch:
            return
        try:
            values = [row for instances, _, _, _ in batch for row in instances.values]
            predictions = self._model.bundle.predict_values(values)
            errs = self._refuses and bool(predictions.row_errors.any())
            parts = predictions.split([len(instances.values) for instances, _, _, _ in batch])
        except Exception:
            self._run_each(batch)
            return
        seconds = time.monotonic() - begin
        for job, part in zip(batch, parts, strict=True):
            if errs and part.row_errors.any():
                self._run_each([job])
            else:
                job[3](Answer(part, begin, seconds))

    def _run_each(self, batch: list[_Job]) -> None:
        """Each alone, the way of a request that no batch takes."""
        for _, rows, _, done in batch:
            begin = time.monotonic()
            outcome: Predictions | Exception
            try:
                outcome = self._model.answer(rows)
            except Exception as error:
                outcome = error
            done(Answer(outcome, begin, time.monotonic() - begin))

    @staticmethod
    def _in_time(batch: list[_Job], now: float) -> list[_Job]:
        """Those for whom somebody still waits; the others are told."""
        for _, _, deadline, done in batch:
            if deadline < now:
                done(Answer(None, now, 0.0))
        return [job for job in batch if job[2] >= now]
