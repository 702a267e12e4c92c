"""`check_import`: whether an imported graph runs, and answers each row by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hagane.errors import DataError, Fault
from hagane.runtime.layout import ColumnData
from hagane.runtime.session import Session
from hagane.types import SqlType
from hagane.workflow.imports.imported_graph import ImportedGraph

ROWS = 12
SAME = 1e-4
"""By how much answers to a row may differ from batch to batch, relative to their size: more is no rounding."""
Array = npt.NDArray[Any]


def check_import(imported: ImportedGraph, path: Path) -> None:
    """Load the graph, and answer rows of small numbers in batches of several sizes.

    Raises DataError where ONNX Runtime refuses the graph, and where the answer to a row depends on those beside it. A
    model that cannot answer such rows (indices of a table, say) is not judged by them.
    """
    try:
        session = Session(imported.model)
    except Exception as error:
        what = f"ONNX Runtime refuses the model: {str(error).splitlines()[0][:300]}"
        raise DataError(Fault(what=what, where=str(path))) from None
    columns = _columns(imported)
    layout, outputs = imported.signature.layout, imported.signature.outputs
    try:
        whole = session.run(layout.feed(columns), outputs)
        parts = [
            session.run(layout.feed({name: column.slice(start, stop) for name, column in columns.items()}), outputs)
            for start, stop in ((0, 1), (1, 4), (4, ROWS))
        ]
    except Exception:
        return
    for name in outputs:
        joined = np.concatenate([np.atleast_1d(part[name]) for part in parts])
        if whole[name].shape[:1] != (ROWS,) or joined.shape != whole[name].shape or not _same(joined, whole[name]):
            raise DataError(Fault(
                what="the answer to a row depends on the rows beside it",
                where=str(path),
                expected="a model that answers each row of a batch by itself",
                received=f"'{name.removeprefix('output.')}' differs between batches of {ROWS} rows and of fewer",
                next_step="export it for inference, with the batch as the first axis of every output",
            ))  # fmt: skip


def _same(one: Array, other: Array) -> bool:
    if one.dtype.kind != "f":
        return bool(np.array_equal(one, other))
    with np.errstate(invalid="ignore"):
        apart = np.abs(one - other) > SAME * np.maximum(1.0, np.abs(other))
    return not bool(np.any(apart & np.isfinite(other)))


def _columns(imported: ImportedGraph) -> dict[str, ColumnData]:
    random = np.random.default_rng(0)
    found = {}
    for column in imported.signature.inputs:
        kind, example = column.type, imported.signature.example[column.name]
        width = len(example) if isinstance(example, list) else 1
        size = ROWS * width
        element = kind.element if kind.is_array else kind
        values: Array = random.normal(size=size)
        if element is SqlType.STRING:
            values = np.array(["a"] * size, object)
        elif element is not SqlType.FLOAT64:
            values = random.integers(0, 2, size)
        offsets = np.arange(ROWS + 1, dtype=np.int64) * width if kind.is_array else None
        found[column.name] = ColumnData(values, None, offsets)
    return found
