"""How many rows a graph that takes texts apart may run at once."""

from __future__ import annotations

from collections.abc import Mapping

from hagane.runtime.layout import ColumnData

MOST_PARTS = 1_048_576
"""ONNX Runtime's splitters pad every row to the most parts of any: so many strings of 32 bytes are held at most."""


def run_rows(columns: Mapping[str, ColumnData], most: int) -> int:
    """At most `most` rows, fewer where texts are long: none has more parts than characters. At least one.

    >>> import numpy as np
    >>> texts = ColumnData(np.array(["short", "x" * 1_000], object))
    >>> run_rows({"text": texts}, 16_384), run_rows({}, 16_384)
    (1048, 16384)
    """
    texts = [column.data for column in columns.values() if column.offsets is None and column.data.dtype == object]
    longest = max((len(text) for column in texts for text in column), default=0)
    return max(1, min(most, MOST_PARTS // max(1, longest)))
