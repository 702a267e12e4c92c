"""`set_aside`: training rows that are outliers leave the splits; rows of eval and test stay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa

from hagane.anomalies.find_outliers import FoundOutliers
from hagane.data.split import TRAIN, Splits
from hagane.data.table import ROW, Table
from hagane.errors import TrainingError


def set_aside(splits: Splits, found: FoundOutliers) -> Splits:
    """The splits without the outliers that were found among `splits.train`.

    Raises TrainingError where no row is left to train on.
    """
    if not found.count:
        return splits
    if found.count == splits.counts[TRAIN]:
        raise TrainingError("every training row is an outlier")
    rows = found.rows
    path = splits.table.engine.new_file("parts", ".u8")
    start = 0
    with path.open("wb") as file:
        for batch in _numbers(splits.table):
            kept = ~np.isin(batch.column(0).to_numpy(), rows, assume_unique=True)
            file.write(splits.parts[start : start + batch.num_rows][kept].tobytes())
            start += batch.num_rows
    counts = (splits.counts[TRAIN] - found.count, *splits.counts[1:])
    parts = np.memmap(path, np.uint8, mode="r")
    return replace(splits, table=splits.table.without_rows(rows), parts=parts, counts=counts)


def _numbers(table: Table) -> Iterator[pa.RecordBatch]:
    """The number of every row, in the table's order."""
    return table.engine.batches(f"SELECT {ROW} FROM data", 1_048_576, views={"data": table.sql(with_row=True)})
