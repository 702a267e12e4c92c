"""`compared_quantiles`: the values of two columns at the same ranks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.statistics.statistics import ColumnStatistics

Values = npt.NDArray[np.float64]
ROWS_A_RANK = 3
"""So that the outermost rank is not that of a single row."""
ITEMS_A_RANK = 8 / 3
"""Of a sketch of size k a merge leaves items that stand for up to 4 / (3 k) of the values: they are not seen either."""
LEAST_RANKS = 32


def compared_quantiles(base: ColumnStatistics, study: ColumnStatistics) -> tuple[Values, Values] | None:
    """[m] of either side at the ranks (i + 1/2) / m, i from 0 to m - 1; None where a side has no numbers.

    m is 192 for two columns of 576 values and more (48 in tables of over 100 columns, whose sketches are smaller), a
    third of the values of the smaller side, and at least 32. So of 96 values or more no single one is among them,
    however far off it lies, whether all were summed up at once or hours were merged since.

    >>> import pyarrow as pa
    >>> from hagane.statistics.measure_array import measure_array
    >>> hundred = measure_array("x", pa.array(range(100)))
    >>> both = compared_quantiles(hundred, hundred)
    >>> len(both[0]), float(both[0].min()), float(both[0].max())
    (33, 1.0, 98.0)
    """
    if base.quantile_sketch is None or study.quantile_sketch is None:
        return None
    sketches = base.quantile_sketch, study.quantile_sketch
    most = (min(sketch.count // ROWS_A_RANK, int(sketch.k / ITEMS_A_RANK)) for sketch in sketches)
    num_ranks = max(LEAST_RANKS, min(most))
    ranks = ((np.arange(num_ranks) + 0.5) / num_ranks).tolist()
    values = [np.array(sketch.quantiles(ranks), np.float64) for sketch in sketches]
    return values[0], values[1]
