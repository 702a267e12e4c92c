"""`prediction_columns`: predictions as Arrow columns, named as ML.PREDICT names them.

Not imported by what loads a bundle and predicts: pyarrow is there where tables are written.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.bundle.output_column import OutputColumn
from hagane.bundle.output_values import OutputValues
from hagane.bundle.predictions import Predictions
from hagane.bundle.signature import LOWER_BOUND, UPPER_BOUND
from hagane.data.arrow_types import ARROW_TYPES
from hagane.types import SqlType


def prediction_columns(predictions: Predictions, *, by_dictionary: bool = False) -> dict[str, pa.Array[Any]]:
    """Predictions as Arrow: `predicted_<label>`, and for classes `predicted_<label>_probs` (list of label, prob).

    A regressor with prediction intervals also answers `prediction_interval_lower_bound` and `…_upper_bound`.

    A model without a label answers its `output_columns`.

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
    if predictions.columns is not None:
        return {each.column.name: _column(each, refused) for each in predictions.columns}
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


def output_type(column: OutputColumn) -> pa.DataType:
    """The Arrow type of an output column.

    >>> from hagane.types import Column
    >>> output_type(OutputColumn(name="nearest", fields=(Column("id", SqlType.INT64), Column("d", SqlType.FLOAT64))))
    ListType(list<item: struct<id: int64, d: double>>)
    """
    if column.type is not None:
        return ARROW_TYPES[column.type]
    return pa.list_(pa.struct([(name, ARROW_TYPES[type_]) for name, type_ in column.types.items()]))


def _column(values: OutputValues, refused: npt.NDArray[np.bool_]) -> pa.Array[Any]:
    """Of NULL where a value is missing, or the row is refused."""
    missing = refused if values.valid is None else refused | ~values.valid
    types = values.column.types
    if values.offsets is None:
        return _array(values.fields[""], types[""], missing)
    arrays = [_array(values.fields[name], type_) for name, type_ in types.items()]
    inner = pa.StructArray.from_arrays(arrays, list(types)) if values.column.fields else arrays[0]
    offsets = pa.array(values.offsets.astype(np.int32))
    return pa.ListArray.from_arrays(offsets, inner, mask=pa.array(missing) if len(values) else None)


def _array(values: npt.NDArray[Any], type_: SqlType, missing: npt.NDArray[np.bool_] | None = None) -> pa.Array[Any]:
    if type_ is SqlType.FLOAT64:
        missing = np.isnan(values) if missing is None else missing | np.isnan(values)
    whole = {SqlType.DATE: np.dtype(np.int32)}.get(type_)
    array = pa.array(values if whole is None else values.astype(whole), mask=missing)
    return array if array.type == ARROW_TYPES[type_] else array.cast(ARROW_TYPES[type_])


def _labels(predictions: Predictions, classes: pa.Array[Any], refused: Any, by_dictionary: bool) -> pa.Array[Any]:
    if predictions.label_numbers is not None:
        numbers = pa.array(predictions.label_numbers, mask=refused)
        return pa.DictionaryArray.from_arrays(numbers, classes) if by_dictionary else classes.take(numbers)
    assert predictions.labels is not None
    return pa.array(predictions.labels, classes.type, mask=refused)
