"""`Batcher`: rows of requests that came in one turn of the event loop, run as one batch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec

from hagane.bundle.predictions import Predictions
from hagane.bundle.typed_rows import TypedInstances
from hagane.serving.deadline import too_late
from hagane.serving.exchange import Exchange
from hagane.serving.http import Response, Rows
from hagane.serving.served_model import ServedModel

Outcome = Predictions | Exception
MOST_ROWS = 64
"""Of a batch: from here on a row's share of what a run costs is the row's own arithmetic."""


class Job(msgspec.Struct, gc=False):
    """One request whose rows are to be run."""

    exchange: Exchange
    rows: Rows
    instances: TypedInstances
    """Those of `rows`."""
    reply: Callable[[Response], object]
    end: Callable[[Job, Outcome, float, float], object]
    """Gets the outcome, when the run began (in seconds of `time.monotonic`), and its seconds for all of its rows."""


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
        self.on_batch: Callable[[int, int], object] | None = None
        """Told of every batch: how many requests it had, and how many rows."""
        self._waiting: dict[asyncio.AbstractEventLoop, list[Job]] = {}

    def add(self, job: Job) -> None:
        """Run it at the event loop's next turn; at once where there is no loop."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._run([job])
            return
        jobs = self._waiting.get(loop)
        if jobs is None:
            for ended in [each for each in self._waiting if each.is_closed()]:
                del self._waiting[ended]
            jobs = self._waiting[loop] = []
            loop.call_soon(self._flush, loop)
        jobs.append(job)

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run all that waits, in batches of as many requests as fit."""
        batch: list[Job] = []
        num_rows = 0
        for job in self._waiting.pop(loop):
            size = len(job.instances.values)
            if batch and num_rows + size > self.most_rows:
                self._run(batch)
                batch, num_rows = [], 0
            batch.append(job)
            num_rows += size
        self._run(batch)

    def _run(self, batch: list[Job]) -> None:
        begin = time.monotonic()
        if min([job.exchange.deadline for job in batch]) < begin:
            batch = self._in_time(batch, begin)
            if not batch:
                return
        values = [row for job in batch for row in job.instances.values]
        try:
            predictions = self._model.bundle.predict_values(values)
            errs = self._refuses and predictions.any_row_errors
            parts = predictions.split([len(job.instances.values) for job in batch])
        except Exception:
            self._run_each(batch)
            return
        seconds = time.monotonic() - begin
        if self.on_batch is not None:
            self.on_batch(len(batch), len(values))
        for job, part in zip(batch, parts, strict=True):
            if errs and part.any_row_errors:
                self._run_each([job])
            else:
                job.end(job, part, begin, seconds)

    def _run_each(self, batch: list[Job]) -> None:
        """Each alone, the way of a request that no batch takes."""
        for job in batch:
            begin = time.monotonic()
            outcome: Outcome
            try:
                outcome = self._model.answer(job.rows)
            except Exception as error:
                outcome = error
            job.end(job, outcome, begin, time.monotonic() - begin)

    @staticmethod
    def _in_time(batch: list[Job], now: float) -> list[Job]:
        """Those for whom somebody still waits; the others are told."""
        for job in batch:
            if job.exchange.deadline < now:
                job.end(job, too_late(job.exchange), now, 0.0)
        return [job for job in batch if job.exchange.deadline >= now]
