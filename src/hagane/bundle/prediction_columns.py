"""`prediction_columns`: predictions as Arrow columns, named as ML.PREDICT names them.

Not imported by what loads a bundle and predicts: pyarrow is there where tables are written.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from hagane.bundle.predictions import Predictions
from hagane.bundle.signature import LOWER_BOUND, UPPER_BOUND


def prediction_columns(predictions: Predictions, *, by_dictionary: bool = False) -> dict[str, pa.Array[Any]]:
    """Predictions as Arrow: `predicted_<label>`, and for classes `predicted_<label>_probs` (list of label, prob).

    A regressor with prediction intervals also answers `prediction_interval_lower_bound` and `…_upper_bound`.

    A row that erred is NULL where the signature says `refuse`. `by_dictionary` leaves classes that are texts
    dictionary-encoded, where they are told by their numbers: Parquet has them so, and need not count them again.
    """
    signature = predictions.signature
    if signature.labels:
        return {
            name: column
            for one in predictions.each
            for name, column in prediction_columns(one, by_dictionary=by_dictionary).items()
        }
    name = signature.prediction_name
    refused = predictions.row_errors if signature.on_error == "refuse" else np.zeros(len(predictions), np.bool_)
    if predictions.probabilities is None:
        assert predictions.values is not None
        found = {name: predictions.values, LOWER_BOUND: predictions.lower_bounds, UPPER_BOUND: predictions.upper_bounds}
        return {column: pa.array(values, mask=refused) for column, values in found.items() if values is not None}
    num_rows, num_classes = predictions.probabilities.shape
    classes = pa.array(list(signature.classes))
    numbers = pa.array(np.tile(np.arange(num_classes, dtype=np.int32), num_rows))
    texts = by_dictionary and pa.types.is_string(classes.type)
    label_values = pa.DictionaryArray.from_arrays(numbers, classes) if texts else classes.take(numbers)
    probabilities = pa.array(predictions.probabilities.ravel())
    pairs = pa.StructArray.from_arrays([label_values, probabilities], ["label", "prob"])
    offsets = np.arange(num_rows + 1, dtype=np.int32) * num_classes
    lists = pa.ListArray.from_arrays(pa.array(offsets), pairs, mask=pa.array(refused) if num_rows else None)
    return {name: _labels(predictions, classes, refused, texts), f"{name}_probs": lists}


def _labels(predictions: Predictions, classes: pa.Array[Any], refused: Any, by_dictionary: bool) -> pa.Array[Any]:
    if predictions.label_numbers is not None:
        numbers = pa.array(predictions.label_numbers, mask=refused)
        return pa.DictionaryArray.from_arrays(numbers, classes) if by_dictionary else classes.take(numbers)
    assert predictions.labels is not None
    return pa.array(predictions.labels, classes.type, mask=refused)
