"""`CountedValues`: the frequent values of a column, from which every smaller vocabulary is read, exactly."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from hagane.features.analyzers.analyzer import Value, ValueCounts

ASKED = b"asked"


class CountedValues(NamedTuple):
    """`table` has `value` and `count`, the most frequent first, ties in ascending order."""

    known: ValueCounts
    """What of these can be told; no limit where there are no more values that are so frequent."""
    table: pa.Table

    @staticmethod
    def of(asked: ValueCounts, found: Sequence[tuple[Value, int]]) -> CountedValues:
        """From the answer to what was asked.

        >>> CountedValues.of(ValueCounts(1, 3), [("b", 9), ("a", 7)]).answer(ValueCounts(8, 100))
        (('b', 9),)
        """
        limit = asked.limit if len(found) >= asked.limit else sys.maxsize
        values, counts = pa.array([value for value, _ in found]), pa.array([count for _, count in found], pa.int64())
        return CountedValues(ValueCounts(asked.min_count, limit), pa.table({"value": values, "count": counts}))

    def covers(self, wanted: ValueCounts) -> bool:
        """Whether the answer can be told."""
        return self.known.min_count <= wanted.min_count and self.known.limit >= wanted.limit

    def answer(self, wanted: ValueCounts) -> tuple[tuple[Value, int], ...]:
        """As if it had been asked for alone."""
        counts = self.table["count"].to_numpy()
        frequent = int(np.searchsorted(-counts, -wanted.min_count, side="right"))
        found = self.table.slice(0, min(frequent, wanted.limit))
        return tuple(zip(found["value"].to_pylist(), found["count"].to_pylist(), strict=True))

    def write(self, path: Path) -> None:
        """As an Arrow file, which `read` maps into memory."""
        asked = f"{self.known.min_count} {self.known.limit}".encode()
        table = self.table.replace_schema_metadata({ASKED: asked})
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)

    @staticmethod
    def read(path: Path) -> CountedValues:
        """What `write` wrote. Raises OSError and pyarrow.ArrowInvalid."""
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
        min_count, limit = map(int, table.schema.metadata[ASKED].split())
        return CountedValues(ValueCounts(min_count, limit), table)
