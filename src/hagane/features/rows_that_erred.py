"""How many rows of a split erred in one of its columns or another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hagane.features.column_file import ColumnFile

STEP_ROWS = 1_048_576


def count_rows_that_erred(columns: Sequence[ColumnFile]) -> int:
    """Rows with an error in at least one of the columns, each counted once; memory does not grow with the rows."""
    erred = [column.errors for column in columns if column.footer.num_errors]
    if len(erred) < 2:
        return sum(map(len, erred))
    total = 0
    for start in range(0, columns[0].num_rows, STEP_ROWS):
        found = np.zeros(STEP_ROWS, np.bool_)
        for rows in erred:
            first, last = np.searchsorted(rows, np.array([start, start + STEP_ROWS], np.uint64))
            found[(rows[first:last] - np.uint64(start)).astype(np.int64)] = True
        total += int(np.count_nonzero(found))
    return total
