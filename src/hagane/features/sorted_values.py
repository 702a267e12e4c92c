"""`SortedValues`: all numbers of a column in order, from which any quantile is read, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.data.quantiles import Value, positive_zero, rank

VALUE, END = "value", "end"
FEWER = 2
"""Where so many times fewer values are distinct than there are, each is kept once, with the rank of its last."""


class SortedValues(NamedTuple):
    """`values` ascending; with `ends`, the distinct ones, and up to which rank each goes."""

    values: npt.NDArray[Any]
    """[n] or [distinct], int64 or float64 without NaN."""
    ends: npt.NDArray[np.int64] | None

    @staticmethod
    def of(values: npt.NDArray[Any]) -> SortedValues:
        """Of these numbers, in any order: NULL and NaN are left out before.

        >>> SortedValues.of(np.array([3, 1, 3, 3, 3])).ends
        array([1, 5])
        """
        ordered = np.sort(values)
        lasts = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)) if len(ordered) else np.empty(0, int)
        if FEWER * len(lasts) > len(ordered):
            return SortedValues(ordered, None)
        return SortedValues(ordered[lasts], (lasts + 1).astype(np.int64))

    @property
    def num_values(self) -> int:
        """How many numbers there are."""
        return len(self.values) if self.ends is None else int(self.ends[-1])

    def quantiles(self, fractions: Sequence[float]) -> list[Value] | None:
        """As `hagane.data.quantiles.measure_quantiles` gives them; None where there is no number.

        >>> SortedValues.of(np.array([5, 1, 3, 2])).quantiles([0.5, 0.75])
        [2, 3]
        """
        if not len(self.values):
            return None
        count = self.num_values
        places = np.array([rank(fraction, count) for fraction in fractions], np.int64)
        found = places - 1 if self.ends is None else np.searchsorted(self.ends, places)
        return [positive_zero(value) for value in self.values[found].tolist()]

    def write(self, path: Path) -> None:
        """As an Arrow file, which `read` maps into memory."""
        columns = {VALUE: pa.array(self.values)} | ({} if self.ends is None else {END: pa.array(self.ends)})
        table = pa.table(columns)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)

    @staticmethod
    def read(path: Path) -> SortedValues:
        """What `write` wrote. Raises OSError and pyarrow.ArrowInvalid."""
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
        ends = _array(table[END]) if END in table.column_names else None
        return SortedValues(_array(table[VALUE]), ends)


def _array(column: pa.ChunkedArray[Any]) -> npt.NDArray[Any]:
    found: npt.NDArray[Any] = column.chunk(0).to_numpy() if column.num_chunks == 1 else column.to_numpy()
    return found
