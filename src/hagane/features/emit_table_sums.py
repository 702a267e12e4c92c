"""`emit_table_sums`: of each row, the sum of what a table holds for its ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hagane.features.emit import Emitter


def emit_table_sums(emitter: Emitter, table: npt.NDArray[Any], ids: str, offsets: Sequence[int]) -> str:
    """[n, c] of table [s, c] and ids [n, k], of which column j begins at the table's row `offsets[j]`.

    For c = 1 the values are added by a MatMul: ONNX Runtime's ReduceSum of [n, k, 1] takes four times as long, and that
    of [n, k] adds a row otherwise in other batches.
    """
    slots = emitter.node("Add", ids, emitter.constant(np.asarray(offsets, np.int64)))
    if table.shape[1] != 1:
        rows = emitter.node("Gather", emitter.constant(table), slots, axis=0)
        return emitter.node("ReduceSum", rows, emitter.constant(np.array([1], np.int64)), keepdims=0)
    values = emitter.node("Gather", emitter.constant(table[:, 0]), slots, axis=0)
    return emitter.node("MatMul", values, emitter.constant(np.ones((len(offsets), 1), table.dtype)), width=1)
