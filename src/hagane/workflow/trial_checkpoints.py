"""`TrialCheckpoints`: where trials leave their last state, for others that differ in their budget alone.

A tree follows from the trees before it, an iteration of a solver from the one before; so does an epoch of a network
whose learning rate does not depend on how many there will be. A trial of 200 iterations is one of 100 that goes on: it
begins where that one ended, and ends with the same bits as if it had begun at nothing.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from hagane.models.options import FamilyOptions
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.workflow.beginning import Beginning
from hagane.workflow.prepare import Prepared
from hagane.workflow.train import run_key
from hagane.workspace.folder_lock import LOCK_SUFFIX, lock_folder
from hagane.workspace.run_folder import CHECKPOINTS
from hagane.write_aside import write_aside

BUDGETS = ("max_iterations", "num_parallel_tree")
"""Options that say how long a training may take: the first is a forest's second."""
MOST_KEPT = 32
"""Trainings whose last state is kept; those that ended longest ago go first."""
ABOUT_FILE = "trial.json"
NEVER = 1e9
"""Seconds."""


class ContinuedFit(NamedTuple):
    """Where a fit goes on from, and leaves its last state."""

    folder: Path
    """For checkpoints."""
    policy: CheckpointPolicy
    """In which nothing is saved on the way that is not needed at the end."""
    continued_from: int | None
    """The trial that left the state; None where there was none."""


class _About(msgspec.Struct):
    """Of the trial that left its state."""

    trial: int
    budget: int


class TrialCheckpoints:
    """Those of trials under `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def of(self, trial: int, prepared: Prepared, beginning: Beginning | None) -> Iterator[ContinuedFit | None]:
        """For the fit within; None where it cannot go on, or another trial does just now. Raises OSError.

        Where the fit raises anything, nothing is kept: it may have been cut off anywhere.
        """
        budget = budget_of(prepared)
        if budget is None:
            yield None
            return
        name, iterations = budget
        folder = self.folder / _key(prepared, beginning, name)
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = lock_folder(folder)
        if lock is None:
            yield None
            return
        try:
            about = _read(folder)
            if about is not None and about.budget > iterations:
                yield None
                return
            yield ContinuedFit(folder / CHECKPOINTS, _policy(prepared), None if about is None else about.trial)
            write_aside(folder / ABOUT_FILE, msgspec.json.encode(_About(trial, iterations)))
            self._keep_newest()
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            os.close(lock)

    def _keep_newest(self) -> None:
        """Remove those that ended longest ago, none that is in use."""
        ended = sorted(self.folder.glob(f"*/{ABOUT_FILE}"), key=lambda path: path.stat().st_mtime)
        for path in ended[:-MOST_KEPT]:
            if (lock := lock_folder(path.parent)) is not None:
                shutil.rmtree(path.parent, ignore_errors=True)
                path.parent.with_name(path.parent.name + LOCK_SUFFIX).unlink(missing_ok=True)
                os.close(lock)


def budget_of(prepared: Prepared) -> tuple[str, int] | None:
    """The option that says how long the training may take, and what it says; None where one cannot go on from another.

    dart leaves out trees that it has grown itself; a rate that falls to the last step knows how many there are.
    """
    options = prepared.resolved.options
    name = "num_parallel_tree" if prepared.resolved.family.name.startswith("random_forest") else "max_iterations"
    is_tied = getattr(options, "booster_type", "") == "dart"
    is_tied |= getattr(options, "learn_rate_schedule", "constant") != "constant"
    is_tied |= getattr(options, "eval_every_steps", None) is not None
    value = getattr(options, name, None)
    return None if is_tied or not isinstance(value, int) else (name, value)


def _policy(prepared: Prepared) -> CheckpointPolicy:
    """The last state is saved by the fit itself (`FitContext.keeps_last`); that of networks with each epoch."""
    options, num_rows, steps = prepared.resolved.options, prepared.splits.counts[0], None
    batch_rows = getattr(options, "batch_rows", None)
    if batch_rows is not None:
        num_batches = math.ceil(num_rows / batch_rows(num_rows))
        steps = math.ceil(num_batches / getattr(options, "accumulate_batches", 1))
    return CheckpointPolicy(every_seconds=NEVER, every_steps=steps, keep=1)


def _key(prepared: Prepared, beginning: Beginning | None, budget: str) -> str:
    """What is trained, on what rows: all but for how long."""
    spec, options = prepared.resolved.spec, prepared.resolved.options
    assert isinstance(options, FamilyOptions)
    others = {name: value for name, value in spec.model.options.items() if name != budget}
    model = msgspec.structs.replace(spec.model, options=others)
    alike = dataclasses.replace(prepared.resolved, spec=msgspec.structs.replace(spec, model=model, tuning=None))
    key = run_key(dataclasses.replace(prepared, resolved=alike), beginning)
    splits = prepared.splits
    rows = [key, *(part.fingerprint() for part in (splits.train, splits.eval) if part is not None)]
    rows.append(repr(splits.downsampled))
    return hashlib.sha256("\0".join(rows).encode()).hexdigest()[:24]


def _read(folder: Path) -> _About | None:
    """None where no trial left its state; what one left half is removed."""
    try:
        return msgspec.json.decode((folder / ABOUT_FILE).read_bytes(), type=_About)
    except (OSError, msgspec.DecodeError):
        shutil.rmtree(folder, ignore_errors=True)
        return None
