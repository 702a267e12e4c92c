"""Which rows a graph that takes texts apart may run at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from hagane.runtime.layout import ColumnData

MOST_PARTS = 1_048_576
"""ONNX Runtime's splitters pad every row to the most parts of any: so many strings of 32 bytes are held at most."""


def row_runs(columns: Mapping[str, ColumnData], num_rows: int, most: int) -> list[slice]:
    """The rows [0, num_rows) as runs of at most `most`, shorter where texts are long: a long one stands alone.

    No text has more parts than characters, so no run is padded to more than `MOST_PARTS`, unless one row alone is.

    >>> texts = ColumnData(np.array(["short", "short", "x" * 1_000_000, "short"], object))
    >>> row_runs({"text": texts}, 4, 16_384), row_runs({}, 3, 2)
    ([slice(0, 2, None), slice(2, 3, None), slice(3, 4, None)], [slice(0, 2, None), slice(2, 3, None)])
    """
    widths = _widths(columns, num_rows)
    if not num_rows or int(widths.max()) * min(most, num_rows) <= MOST_PARTS:
        return [slice(start, min(start + most, num_rows)) for start in range(0, num_rows, most)]
    runs, start, widest = [], 0, 0
    for row, width in enumerate(widths.tolist()):
        widest = max(widest, width)
        if row > start and (row - start == most or (row - start + 1) * widest > MOST_PARTS):
            runs.append(slice(start, row))
            start, widest = row, width
    return [*runs, slice(start, num_rows)]


def _widths(columns: Mapping[str, ColumnData], num_rows: int) -> npt.NDArray[np.int64]:
    """[n]: characters of the longest text of each row; of arrays, of the longest element of all rows."""
    widths = np.zeros(num_rows, np.int64)
    for column in columns.values():
        if column.data.dtype == object:
            lengths = np.fromiter(map(len, column.data), np.int64, len(column.data))
            own = lengths if column.offsets is None else lengths.max(initial=0)
            np.maximum(widths, own, out=widths)
    return widths
