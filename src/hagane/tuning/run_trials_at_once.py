"""`run_trials_at_once`: the trials of a search, several at once, each in a process of its own."""

from __future__ import annotations

import select
from collections.abc import Sequence
from pathlib import Path

from hagane.errors import Fault, TrainingError
from hagane.tuning.run_trial import InfeasibleTrialError
from hagane.tuning.search import Search
from hagane.tuning.trial_worker import TrialWorker
from hagane.tuning.worker_messages import Answer, Broken, Ended, FromWorker, Measured

LOOK_SECONDS = 1.0
GRACE_SECONDS = 5.0
"""After the time is over a trial that says nothing has so long to do so, then it is ended."""
MOST_STARTS = 3
"""Processes in a row that ended before they took a trial: another would, too."""


def run_trials_at_once(
    search: Search, command: Sequence[str], folder: Path, *, num_workers: int, num_threads: int
) -> None:
    """Until there are no more. `command` starts a worker (`serve_trials`), whose log goes into `folder`.

    A trial whose process dies is run again, and failed with its reason when that has happened too often. An
    interruption ends all processes; the search gives back what they ran. Raises TrainingError where they do not start.
    """
    workers = _Workers(search, command, folder, num_threads)
    try:
        while workers.hand_out(num_workers):
            workers.listen()
    finally:
        workers.end()


class _Workers:
    def __init__(self, search: Search, command: Sequence[str], folder: Path, num_threads: int) -> None:
        self._search, self._command, self._folder, self._num_threads = search, command, folder, num_threads
        self._workers: list[TrialWorker] = []
        self._num_starts = self._num_failed_starts = 0

    def hand_out(self, num_workers: int) -> bool:
        """A trial to everyone who waits for one, as long as there are trials; whether anything goes on."""
        for worker in [each for each in self._workers if each.is_ready and each.trial is None]:
            trial = self._search.next_trial()
            if trial is None:
                break
            worker.run(trial)
        num_busy = sum(each.trial is not None for each in self._workers)
        wanted = min(num_workers, num_busy + self._search.num_left())
        while len(self._workers) < wanted:
            self._start()
        return bool(num_busy) or wanted > 0 or self._search.is_waiting

    def listen(self) -> None:
        """Wait until somebody says something, and answer."""
        told, _, _ = select.select(self._workers, [], [], LOOK_SECONDS)
        for worker in told:
            messages = worker.heard()
            if messages is None:
                self._lose(worker)
                continue
            for message in messages:
                self._hear(worker, message)
        if self._search.seconds_over > GRACE_SECONDS:
            for worker in [each for each in self._workers if each.trial is not None]:
                self._cut_off(worker)

    def end(self) -> None:
        """End every process."""
        for worker in self._workers:
            worker.end()
        self._workers = []

    def _start(self) -> None:
        self._num_starts += 1
        log = self._folder / f"worker-{self._num_starts}.log"
        self._workers.append(TrialWorker(self._command, log, num_threads=self._num_threads))

    def _hear(self, worker: TrialWorker, message: FromWorker) -> None:
        trial = worker.trial
        if trial is None:
            worker.is_ready, self._num_failed_starts = True, 0
        elif isinstance(message, Measured):
            worker.tell(Answer(self._search.measured(trial, message.measurement)))
        else:
            worker.trial = None
            if isinstance(message, Ended):
                self._search.ended(trial, message.outcome)
            elif isinstance(message, Broken):
                kind = InfeasibleTrialError if message.is_infeasible else TrainingError
                self._search.failed(trial, kind(*message.faults))

    def _lose(self, worker: TrialWorker) -> None:
        """A process has ended: another takes its place."""
        self._workers.remove(worker)
        how = worker.end(ends_itself=True)
        if worker.trial is not None:
            self._search.lost(worker.trial, how)
            return
        self._num_failed_starts += not worker.is_ready
        if self._num_failed_starts >= MOST_STARTS:
            raise TrainingError(Fault(what="the processes that run trials do not start", received=how))

    def _cut_off(self, worker: TrialWorker) -> None:
        """The time is over, and the trial has not ended at a measurement of its own."""
        self._workers.remove(worker)
        worker.end()
        assert worker.trial is not None
        self._search.cut_off(worker.trial)
