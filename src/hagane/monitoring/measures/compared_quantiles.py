"""`compared_quantiles`: the values of two columns at the same ranks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hagane.statistics.statistics import ColumnStatistics

Values = npt.NDArray[np.float64]
ROWS_A_PART = 3
"""So that the middle of the outermost part is not a single row's."""
ITEMS_A_PART = 4
"""In a sketch of size k, a merge leaves items that stand for up to 2 / k of the values: they are not seen either."""
LEAST_PARTS = 32
RANKS_A_PART = 4


def compared_quantiles(base: ColumnStatistics, study: ColumnStatistics) -> tuple[Values, Values] | None:
    """[k] of either side, each standing for 1 / k of the values; None where a side has no numbers.

    Ranks are cut into m equal parts. The two outermost have the value at their middle; in between four ranks a part are
    looked at. m is 128 for two columns of 384 values and more (32 in tables of over 100 columns, whose sketches are
    smaller), a third of the values of the smaller side, and at least 32. So of 96 values or more no single one is among
    these, however far off it lies, whether all were summed up at once or hours were merged since.

    >>> import pyarrow as pa
    >>> from hagane.statistics.measure_array import measure_array
    >>> hundred = measure_array("x", pa.array(range(100)))
    >>> both = compared_quantiles(hundred, hundred)
    >>> len(both[0]), float(both[0].min()), float(both[0].max())
    (132, 1.0, 98.0)
    """
    if base.quantile_sketch is None or study.quantile_sketch is None:
        return None
    sketches = base.quantile_sketch, study.quantile_sketch
    most = (min(sketch.count // ROWS_A_PART, sketch.k // ITEMS_A_PART) for sketch in sketches)
    ranks = _ranks(max(LEAST_PARTS, min(most)))
    values = [np.array(sketch.quantiles(ranks), np.float64) for sketch in sketches]
    return values[0], values[1]


def _ranks(num_parts: int) -> list[float]:
    count = num_parts * RANKS_A_PART
    middle = 0.5 / num_parts
    ranks = (np.arange(count) + 0.5) / count
    ranks[:RANKS_A_PART], ranks[-RANKS_A_PART:] = middle, 1 - middle
    return ranks.tolist()  # type: ignore[no-any-return]
