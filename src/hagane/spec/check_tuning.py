"""`tuning_faults`: what must hold of the section `tuning` by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hagane.errors import Fault, SpecError
from hagane.spec.duration import parse_duration
from hagane.spec.spec import Spec
from hagane.spec.tuning import TrialStopping, Tuning

STUDY_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
"""It names a file."""
URLS = ("postgresql://", "postgresql+psycopg://", "postgres://")


def tuning_faults(spec: Spec) -> Iterator[Fault]:
    """Values out of range, a name that is none, a length of time that cannot be read."""
    if spec.tuning is None:
        return
    tuning = spec.tuning
    yield from _number_faults(tuning)
    yield from _stopping_faults(tuning.stopping)
    if tuning.budget is not None:
        try:
            parse_duration(tuning.budget, where="tuning.budget")
        except SpecError as error:
            yield from error.faults
    if tuning.study is not None and not STUDY_NAME.fullmatch(tuning.study):
        yield Fault(what="a study cannot have this name", where="tuning.study", received=repr(tuning.study),
                    expected="1 to 128 letters of ASCII, digits, '_', '-' and '.', not '-' or '.' first")  # fmt: skip
    if tuning.storage is not None and not tuning.storage.startswith(URLS):
        yield Fault(what="a study cannot be stored there", where="tuning.storage",
                    expected="the URL of a PostgreSQL database: postgresql://user@host/database",
                    next_step="leave it out: the study is a SQLite file in the workspace")  # fmt: skip


def _number_faults(tuning: Tuning) -> Iterator[Fault]:
    least = {"num_trials": 1, "max_parallel_trials": 1, "folds": 2, "nested_folds": 2}
    for name, at_least in least.items():
        value = getattr(tuning, name)
        if value is not None and value < at_least:
            where = f"tuning.{name}"
            yield Fault(what=f"{where} is out of range", where=where, expected=f">= {at_least}", received=str(value))


def _stopping_faults(stopping: TrialStopping) -> Iterator[Fault]:
    least = {"min_iterations": 1, "reduction_factor": 2, "warm_up_trials": 1}
    for name, at_least in least.items():
        value = getattr(stopping, name)
        if value is not None and value < at_least:
            where = f"tuning.stopping.{name}"
            yield Fault(what=f"{where} is out of range", where=where, expected=f">= {at_least}", received=str(value))
