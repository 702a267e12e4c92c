"""`WatchedFeatures`: a model's encoded features, of rows, as columns that can be summed up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.counted import counted
from hagane.features.feature import Feature
from hagane.features.graph_ports import DENSE, IDS
from hagane.features.slot_names import slot_names
from hagane.features.transform import Transform
from hagane.names_text import names_text
from hagane.runtime.layout import ColumnData

MOST_FEATURES = 200
"""Of each row no more are watched: the summary of a window is to stay some hundred kilobytes."""
MOST_ROWS = 10_000


class WatchedFeatures:
    """Numbers for dense features, categories for ids; by the bundle's own graph. Sparse features are left out."""

    def __init__(self, bundle: Bundle, transform: Transform, *, without: Collection[str] = ()) -> None:
        """`without`: raw columns of which the true values are not at hand; what reads them is left out."""
        self._bundle = bundle
        known = [*enumerate(transform.dense), *enumerate(transform.ids)]
        readable = [(place, each) for place, each in known if not set(each.columns) & set(without)]
        self._places = readable[:MOST_FEATURES]
        self._dense = frozenset(feature.name for feature in transform.dense)
        self.notes = _notes(transform, readable)

    def arrays(self, columns: Mapping[str, ColumnData]) -> dict[str, pa.Array[Any]]:
        """Name → an array of the rows; a dense NaN is NULL."""
        tensors = self._bundle.features(columns)
        found: dict[str, pa.Array[Any]] = {}
        for place, feature in self._places:
            is_dense = feature.name in self._dense
            tensor = tensors.get(DENSE if is_dense else IDS)
            if tensor is not None:
                values = np.asarray(tensor[:, place])
                found[feature.name] = _numbers(values) if is_dense else _categories(values, feature)
        return found


def _numbers(values: Any) -> pa.Array[Any]:
    return pa.array(values.astype(np.float64), from_pandas=True)


def _categories(values: Any, feature: Feature) -> pa.Array[Any]:
    return pa.DictionaryArray.from_arrays(pa.array(values.astype(np.int32)), pa.array(slot_names(feature)))


def _notes(transform: Transform, readable: list[tuple[int, Feature]]) -> tuple[str, ...]:
    """What is not watched, and why."""
    notes = []
    if transform.sparse:
        names = names_text(tuple(feature.name for feature in transform.sparse))
        notes.append(f"features that hold any number of values are not watched: {names}")
    if len(readable) > MOST_FEATURES:
        rest = counted(len(readable) - MOST_FEATURES, "feature")
        notes.append(f"the first {MOST_FEATURES} features are watched; {rest} more are not")
    return tuple(notes)
