"""`measure_bundle`: what a bundle that was just written takes: bytes, and milliseconds a row."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from hagane.bundle.bundle import CHUNK_ROWS, Bundle
from hagane.workflow.instances import instances_of
from hagane.workflow.prepare import Prepared

WARM_UP, CALLS = 5, 50


class BundleCost(NamedTuple):
    """Of one bundle."""

    num_bytes: int
    row_milliseconds: float
    """Of one row from Python, the bundle loaded: the median of fifty."""


def measure_bundle(folder: Path, prepared: Prepared) -> BundleCost:
    """Load the bundle and time one row of the data."""
    bundle = Bundle.load(folder)
    rows = prepared.splits.test or prepared.splits.train
    batch = next(iter(rows.batches(bundle.signature.names, batch_rows=CHUNK_ROWS)))
    instance = instances_of(batch.slice(0, 1))
    seconds = []
    for _ in range(WARM_UP + CALLS):
        began = time.perf_counter()
        bundle.predict(instance, on_error="null")
        seconds.append(time.perf_counter() - began)
    num_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return BundleCost(num_bytes, 1000.0 * median(seconds[WARM_UP:]))
