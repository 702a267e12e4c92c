"""Anscombe's quartet (Graphs in Statistical Analysis, The American Statistician 27, 1973), side by side."""

from __future__ import annotations

import pyarrow as pa

X = [10.0, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5]
QUARTET = {
    "x1": X,
    "y1": [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68],
    "x2": X,
    "y2": [9.14, 8.14, 8.74, 8.77, 9.26, 8.10, 6.13, 3.10, 9.13, 7.26, 4.74],
    "x3": X,
    "y3": [7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73],
    "x4": [8.0, 8, 8, 8, 8, 8, 8, 19, 8, 8, 8],
    "y4": [6.58, 5.76, 7.71, 8.84, 8.47, 7.04, 5.25, 12.50, 5.56, 7.91, 6.89],
}


def quartet() -> pa.Table:
    """Eleven rows, four pairs of columns."""
    return pa.table(QUARTET)
