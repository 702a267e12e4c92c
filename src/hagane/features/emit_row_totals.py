"""`emit_row_totals`: the sum of each row, the same bits in every batch."""

from __future__ import annotations

import numpy as np

from hagane.features.emit import Emitter


def emit_row_totals(emitter: Emitter, columns: str) -> str:
    """[n, 1] of [n, c], added from left to right: ReduceSum adds a row otherwise in other batches."""
    one, last, end = (emitter.constant(np.array([value], np.int64)) for value in (1, -1, np.iinfo(np.int64).max))
    running = emitter.node("CumSum", columns, emitter.constant(np.int64(1)))
    return emitter.node("Slice", running, last, end, one, width=1)
