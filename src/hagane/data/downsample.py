"""`downsample`: of the most frequent class only some training rows are trained on; eval and test stay as they are.

Predicted probabilities stay those of the data, since training makes up for what is not there (docs/adr/0007). Either
each row that is kept weighs (rows of the class) / (rows of it that are kept), as in Google's "Machine Learning Crash
Course", "Datasets: class-imbalanced datasets"; or it weighs 1, and the logarithm of that number is added to the class's
log odds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.counted import counted
from hagane.data.engine import quote_name
from hagane.data.literal import literal
from hagane.number_text import brief_text
from hagane.progress import SILENT, Progress
from hagane.spec.spec import Downsample, class_text

if TYPE_CHECKING:
    from hagane.data.split import Splits
    from hagane.data.table import Table

LEFT_OUT = 3
"""The part of a training row that nothing is trained on."""
BATCH_ROWS = 1_048_576


@dataclass(frozen=True)
class Downsampled:
    """Which training rows were left out."""

    column: str
    majority: bool | int | float | str
    """The class that was thinned out."""
    num_rows: int
    """Its training rows."""
    num_kept: int
    rate: float
    """The share that was to be kept."""
    seed: int

    @property
    def weight(self) -> float:
        """How many rows a row of the class stands for."""
        return self.num_rows / self.num_kept

    @property
    def num_left_out(self) -> int:
        """Training rows that are not trained on."""
        return self.num_rows - self.num_kept

    def describe(self, *, weighted: bool) -> str:
        """One sentence; `weighted`: rows kept weigh for those left out, else the log odds were corrected.

        >>> Downsampled("late", "no", 1000, 98, 0.1, 42).describe(weighted=True)
        '98 of the 1,000 training rows with late = no are trained on, each counting 10.2 times'
        >>> Downsampled("late", "no", 1000, 98, 0.1, 42).describe(weighted=False)
        '98 of the 1,000 training rows with late = no are trained on, and ln 10.2 is added to the log odds of no'
        """
        name = class_text(self.majority)
        kept = f"{self.num_kept:,} of the {counted(self.num_rows, 'training row')} with {self.column} = {name}"
        if weighted:
            return f"{kept} are trained on, each counting {brief_text(self.weight)} times"
        return f"{kept} are trained on, and ln {brief_text(self.weight)} is added to the log odds of {name}"


def downsample(splits: Splits, column: str, wanted: Downsample, *, seed: int, progress: Progress = SILENT) -> Splits:
    """The splits without some of the training rows whose `column` has its most frequent value.

    The same rows on every run: they depend on the data, their order and the seed. As they were where nothing is to be
    left out. The tables of the parts, from which statistics are measured and analyzers learn, keep every row.
    """
    counts = _class_counts(splits.train, column)
    if not counts:
        return splits
    (majority, num_rows), others = counts[0], counts[1:]
    rate = wanted.rate if wanted.rate is not None else _rate(wanted, num_rows, others[0][1] if others else 0)
    if rate >= 1:
        return splits
    with progress.phase("downsample", total=len(splits.parts)) as phase:
        path = splits.table.engine.new_file("parts", ".u8")
        random, start, num_kept = np.random.default_rng((seed, DRAW)), 0, 0
        with path.open("wb") as file:
            for is_majority in _is_value(splits.table, column, majority):
                parts = np.array(splits.parts[start : start + len(is_majority)])
                candidates = np.flatnonzero(is_majority & (parts == 0))
                left_out = candidates[random.random(len(candidates)) >= rate]
                parts[left_out] = LEFT_OUT
                num_kept += len(candidates) - len(left_out)
                file.write(parts.tobytes())
                start += len(parts)
                phase.advance(len(parts))
    found = Downsampled(column, majority.as_py(), num_rows, num_kept, rate, seed)
    return replace(splits, parts=np.memmap(path, np.uint8, mode="r"), downsampled=found)


DRAW = 0x646F776E
"""Keeps these random numbers apart from others of the same seed."""


def _class_counts(train: Table, column: str) -> list[tuple[pa.Scalar[Any], int]]:
    """Classes with their rows, the most frequent first; ties by value."""
    name = quote_name(column)
    counted = f"SELECT {name} AS class, count(*) AS n FROM data WHERE {name} IS NOT NULL GROUP BY 1"
    found = train.query(f"{counted} ORDER BY n DESC, class LIMIT 2")
    return list(zip(found["class"], (n.as_py() for n in found["n"]), strict=True))


def _rate(wanted: Downsample, num_majority: int, num_next: int) -> float:
    assert wanted.ratio is not None
    return min(1.0, wanted.ratio * num_next / num_majority) if num_next else 1.0


def _is_value(table: Table, column: str, value: pa.Scalar[Any]) -> Any:
    """[n] bool, batch by batch in the table's order: whether the row has this value."""
    sql = f"SELECT coalesce({quote_name(column)} = {literal(value)}, FALSE) AS found FROM data"
    for batch in table.query_batches(sql, batch_rows=BATCH_ROWS):
        found: npt.NDArray[np.bool_] = batch.column(0).to_numpy(zero_copy_only=False)
        yield found
