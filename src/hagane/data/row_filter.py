"""`RowFilter`: which rows of Parquet files belong to a part: a bit a row, and no question to the row itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

MAX_ROWS = 2**31 - 1
"""DuckDB numbers the bits of a bit string by a 32-bit integer."""


@dataclass(frozen=True, eq=False)
class RowFilter:
    """The rows chosen, by their place in the files one after another.

    A condition on the values (the hash of the whole row, say) would read and compute them in every query; the bit of a
    row costs a nanosecond.
    """

    name: str
    """Of the variable that holds the bits, on every connection of the engine."""
    bits: bytes
    starts: tuple[int, ...]
    """The place of each file's first row."""
    identity: str
    """What the rows were chosen by."""

    @staticmethod
    def of(name: str, chosen: npt.NDArray[np.bool_], files: Sequence[Path], identity: str) -> RowFilter | None:
        """For the rows [n] of `files`; None where they are too many, or not those of the files."""
        counts = [pq.read_metadata(file).num_rows for file in files]
        if sum(counts) != len(chosen) or len(chosen) > MAX_ROWS:
            return None
        starts = tuple(int(end - count) for end, count in zip(np.cumsum(counts), counts, strict=True))
        return RowFilter(name, np.packbits(chosen).tobytes(), starts, identity)

    @property
    def sql(self) -> str:
        """The condition, for a scan of the files.

        >>> RowFilter("part_0", b"", (0,), "").sql
        "get_bit(getvariable('part_0'), CAST(file_row_number AS INTEGER)) = 1"
        """
        place = "file_row_number"
        if len(self.starts) > 1:
            place = f"list_extract({list(self.starts)}, CAST(file_index AS BIGINT) + 1) + {place}"
        return f"get_bit(getvariable('{self.name}'), CAST({place} AS INTEGER)) = 1"
