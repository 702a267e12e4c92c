"""`Answer`: what a system of `benchmarks/automl.py` leaves of one run."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

NUM_CALLS = 300
NUM_WARM = 20


class Answer(NamedTuple):
    """As JSON in a file, so that a run is not done twice."""

    scores: list[float]
    """Of the test rows, in the file's order: probabilities of the positive class, or numbers."""
    wall_seconds: float
    """From the file to the artefact, imports counted."""
    processor_seconds: float
    row_milliseconds: float
    """Median of one row at a time, the model held in memory."""
    num_bytes: int
    """Of what is deployed."""
    about: str = ""

    def write(self, path: Path) -> None:
        """Aside, then renamed: a run that was ended leaves none."""
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(self._asdict()))
        partial.rename(path)


def clocked_rows(call: Callable[[int], object], num_rows: int) -> float:
    """Median milliseconds of `call(row)` over rows of the test part."""
    seconds = []
    for number in range(NUM_CALLS + NUM_WARM):
        began = time.perf_counter()
        call(number % num_rows)
        seconds.append(time.perf_counter() - began)
    return 1000 * statistics.median(seconds[NUM_WARM:])


def folder_bytes(folder: Path) -> int:
    """Of all files below it."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
