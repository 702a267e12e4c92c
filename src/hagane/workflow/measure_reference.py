"""`measure_reference`: how a new model answers rows that it was not trained on, for windows to be held against."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.data.column_data import columns_data
from hagane.data.table import Table
from hagane.errors import BundleError
from hagane.features.transform import Transform
from hagane.monitoring.training_reference import TrainingReference
from hagane.progress import SILENT, Progress
from hagane.runtime.layout import ColumnData
from hagane.statistics.measure_array import measure_array
from hagane.statistics.statistics import Statistics
from hagane.workflow import watched_attributions, watched_features
from hagane.workflow.every_so_many import every_so_many
from hagane.workflow.watched_answers import answer_arrays
from hagane.workflow.watched_attributions import WatchedAttributions
from hagane.workflow.watched_features import WatchedFeatures

MOST_ROWS = 10_000


def measure_reference(
    bundle: Bundle,
    table: Table,
    transform: Transform,
    watch: Collection[str],
    *,
    part: str,
    progress: Progress = SILENT,
) -> TrainingReference:
    """Of at most `MOST_ROWS` rows of `table`, spread evenly over it: predictions, and what else `watch` names."""
    columns = _some_rows(bundle, table)
    notes: list[str] = []
    features = attributions = None
    if "features" in watch:
        watched = WatchedFeatures(bundle, transform)
        features, notes = measure_arrays(watched.arrays(columns)), [*watched.notes]
    if "attributions" in watch:
        with progress.phase("explain", total=None):
            attributions = attributions_of(bundle, columns)
        if attributions is None:
            notes.append("a model of this family cannot be explained: its attributions are not watched")
    predictions = measure_arrays(answer_arrays(bundle.predict_columns(columns)))
    return TrainingReference(part=part, predictions=predictions, features=features, attributions=attributions,
                             notes=tuple(notes))  # fmt: skip


def measure_arrays(arrays: Mapping[str, pa.Array[Any]]) -> Statistics | None:
    """Of columns in memory that have the same rows, without those of types of which nothing is kept; None of none."""
    kept = {name: array for name, array in arrays.items() if _is_measured(array)}
    if not kept:
        return None
    num_rows = len(next(iter(kept.values())))
    measured = tuple(measure_array(name, array) for name, array in kept.items())
    return Statistics(num_rows=num_rows, columns=measured, num_sampled_rows=num_rows)


def attributions_of(bundle: Bundle, columns: Mapping[str, ColumnData]) -> Statistics | None:
    """Of some of the rows; None of a model that cannot be explained."""
    try:
        watched = WatchedAttributions(bundle)
    except BundleError:
        return None
    return measure_arrays(watched.arrays(_spread(columns, watched_attributions.MOST_ROWS)))


def _some_rows(bundle: Bundle, table: Table) -> dict[str, ColumnData]:
    names = bundle.signature.names
    stride = max(1, -(-table.num_rows // min(MOST_ROWS, watched_features.MOST_ROWS)))
    batches = [*every_so_many(table.batches(names), stride)]
    schema = table.schema.select(names)
    if not batches:
        return {}
    whole = pa.Table.from_batches(batches).combine_chunks().to_batches()[0]
    return columns_data(whole, schema)


def _spread(columns: Mapping[str, ColumnData], most: int) -> dict[str, ColumnData]:
    """At most so many of the rows, evenly spread."""
    num_rows = next(iter(columns.values())).num_rows
    places = np.arange(0, num_rows, max(1, -(-num_rows // most)))
    return {name: column.take(places) for name, column in columns.items()}


def _is_measured(array: pa.Array[Any]) -> bool:
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    return str(kind) in ("double", "int64", "bool", "string")
