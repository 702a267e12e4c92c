"""`split_table`: which rows are trained on, watched during training, and reported; the same rows on every run."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.data.check_parts import check_parts
from hagane.data.downsample import LEFT_OUT, Downsampled
from hagane.data.full_disk import told_of_full_disk
from hagane.data.part_names import PART_NAMES
from hagane.data.part_sql import part_sql
from hagane.data.table import BATCH_ROWS, Table
from hagane.progress import SILENT, Progress
from hagane.spec.spec import Split

TRAIN, EVAL, TEST = 0, 1, 2


@dataclass(frozen=True, eq=False, repr=False)
class Splits:
    """A table divided into parts that are disjoint and cover it."""

    table: Table
    split: Split
    part_sql: str
    """DuckDB expression over the table's columns: 0 for train, 1 for eval, 2 for test, 3 for none; never NULL."""
    parts: npt.NDArray[np.uint8]
    """[num_rows] the part of every row, in the table's order (3: of none); on disk, mapped into memory."""
    counts: tuple[int, int, int]
    """Rows in train, eval and test."""
    downsampled: Downsampled | None = None
    """Training rows that are in no part of `batches`, though in the table `train`."""

    def divided_by(self, sql: str) -> Splits:
        """The same rows, divided by another expression; what it depends on may be `part_sql`."""
        counts, parts = _assign(self.table, sql)
        return replace(self, part_sql=sql, counts=counts, parts=parts)

    def __repr__(self) -> str:
        return f"Splits({self.describe()})"

    @functools.cached_property
    def train(self) -> Table:
        """The rows to learn from."""
        return self._part(TRAIN)

    @functools.cached_property
    def eval(self) -> Table | None:
        """The rows watched during training; None where the split makes none."""
        return self._part(EVAL) if self.counts[EVAL] else None

    @functools.cached_property
    def test(self) -> Table | None:
        """The rows reported on; None where the split makes none."""
        return self._part(TEST) if self.counts[TEST] else None

    def _part(self, part: int) -> Table:
        if self.counts[part] == len(self.parts):
            return self.table
        return self.table.take(self.parts == part, f"({self.part_sql}) = {part}")

    def batches(
        self, columns: Sequence[str] | None = None, *, batch_rows: int = BATCH_ROWS, dictionary: bool = False
    ) -> Iterator[tuple[pa.RecordBatch, npt.NDArray[np.uint8]]]:
        """All rows of the table in order, as `Table.batches`, each batch with the part [n] of its rows.

        One pass that serves all three parts, at the speed of the table's own batches. Rows of no part are left out.
        """
        start = 0
        for batch in self.table.batches(columns, batch_rows=batch_rows, dictionary=dictionary):
            parts = self.parts[start : start + batch.num_rows]
            start += batch.num_rows
            if self.num_batched_rows == len(self.parts):
                yield batch, parts
                continue
            kept = parts != LEFT_OUT
            yield batch.filter(pa.array(kept)), parts[kept]

    @functools.cached_property
    def num_batched_rows(self) -> int:
        """Rows of all `batches` together."""
        return int(np.count_nonzero(self.parts != LEFT_OUT))

    @property
    def _strata(self) -> str:
        return f", stratified by {self.split.stratify}" if self.split.stratify else ""

    def describe(self) -> str:
        """One sentence: how rows were divided, and how many there are of each.

        >>> import pyarrow as pa
        >>> from hagane.data.open_table import open_table
        >>> split_table(open_table(pa.table({"n": [1, 2]})), Split(method="none")).describe()
        'no split: train 2'
        """
        told = {
            "random": f"random by hash of the whole row (seed {self.split.seed}){self._strata}",
            "key": f"by hash of {self.split.column} (seed {self.split.seed}), rows of one {self.split.column} together",
            "time": f"by time, the last rows by {self.split.column}",
            "column": f"as column {self.split.column} says",
            "none": "no split",
        }
        shares = (f"{name} {count:,}" for name, count in zip(PART_NAMES, self.counts, strict=True) if count)
        return f"{told[self.split.method]}: {', '.join(shares)}"


def split_table(table: Table, split: Split, *, progress: Progress = SILENT) -> Splits:
    """Divide a table as `split` says. Deterministic: the same rows and split give the same parts everywhere.

    `split.stratify` is a column's name here, or False. Raises SpecError for fractions or a column that cannot be, and
    DataError when a part that was asked for is empty.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> table = open_table(pa.table({"day": [3, 1, 2, 4, 5]}))
    >>> parts = split_table(table, Split(method="time", column="day", eval_fraction=0.2, test_fraction=0.2))
    >>> parts.test.query("SELECT day FROM data").to_pylist()
    [{'day': 5}]
    """
    sql = part_sql(table, split)
    with progress.phase("split", total=None) as phase:
        counts, parts = _assign(table, sql)
        phase.advance(len(parts))
    check_parts(table, split, counts)
    return Splits(table, split, sql, parts, counts)


def _assign(table: Table, sql: str) -> tuple[tuple[int, int, int], npt.NDArray[np.uint8]]:
    path = table.engine.new_file("parts", ".u8")
    totals = np.zeros(4, np.int64)
    with told_of_full_disk(path.parent), path.open("wb") as file:
        for batch in table.query_batches(f"SELECT CAST({sql} AS UTINYINT) AS part FROM data", batch_rows=1_048_576):
            part = batch.column(0).to_numpy(zero_copy_only=False)
            totals += np.bincount(part, minlength=4)
            file.write(part.tobytes())
    parts = np.memmap(path, np.uint8, mode="r") if totals.sum() else np.empty(0, np.uint8)
    return (int(totals[0]), int(totals[1]), int(totals[2])), parts
