"""`group_constants`: columns of a log that have one value in a whole row group."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow.parquet as pq


def group_constants(group: pq.RowGroupMetaData, names: Collection[str]) -> dict[str, bool | float]:
    """Of `names`, columns that are never NULL, those of which the metadata say so, and the value: none is read."""
    found = {}
    for index in range(group.num_columns):
        column = group.column(index)
        if column.path_in_schema in names and column.is_stats_set:
            extremes = column.statistics
            if extremes.has_min_max and extremes.min == extremes.max:
                found[column.path_in_schema] = extremes.min
    return found
