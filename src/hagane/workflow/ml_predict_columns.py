"""`ml_predict_columns`: predictions as Arrow columns of BigQuery's types, in ML.PREDICT's own order."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.bundle.prediction_columns import prediction_columns
from hagane.bundle.predictions import Predictions
from hagane.bundle.signature import LOWER_BOUND, UPPER_BOUND, Signature
from hagane.types import SqlType


def ml_predict_columns(predictions: Predictions) -> dict[str, pa.Array[Any]]:
    """`predicted_<label>`, of the label's type, and of classes `predicted_<label>_probs`, a list of (label, prob).

    Numbers are FLOAT64. Of two classes the positive one stands first, whatever its probability, as in saved output of
    BigQuery; of more the most probable one, equal ones in the classes' order. A row that erred is NULL where the
    signature says `refuse`. A model without a label answers its `output_columns`.

    >>> signature = Signature(inputs=(), task="classification", label="late", label_type=SqlType.BOOL,
    ...                       classes=(False, True), threshold=0.5, model_type="logistic_reg")
    >>> answers = Predictions(signature, np.zeros(1, np.bool_), np.array([[0.75, 0.25]]), np.array([False]))
    >>> ml_predict_columns(answers)["predicted_late_probs"].to_pylist()
    [[{'label': True, 'prob': 0.25}, {'label': False, 'prob': 0.75}]]
    """
    signature = predictions.signature
    if signature.labels:
        return {name: column for one in predictions.each for name, column in ml_predict_columns(one).items()}
    if predictions.columns is not None:
        return prediction_columns(predictions)
    refused = predictions.row_errors if signature.on_error == "refuse" else np.zeros(len(predictions), np.bool_)
    if predictions.probabilities is None:
        return _numbers(predictions, refused)
    name = signature.prediction_name
    classes = _classes(signature)
    labels = _labels(predictions, classes, refused)
    return {name: labels, f"{name}_probs": _ranked(predictions.probabilities, classes, refused)}


def _numbers(predictions: Predictions, refused: npt.NDArray[np.bool_]) -> dict[str, pa.Array[Any]]:
    found = {
        predictions.signature.prediction_name: predictions.values,
        LOWER_BOUND: predictions.lower_bounds,
        UPPER_BOUND: predictions.upper_bounds,
    }
    return {
        name: pa.array(values.astype(np.float64), mask=refused) for name, values in found.items() if values is not None
    }


def _classes(signature: Signature) -> pa.Array[Any]:
    classes = pa.array(list(signature.classes))
    return classes.cast(pa.float64()) if signature.label_type is SqlType.FLOAT64 else classes


def _labels(predictions: Predictions, classes: pa.Array[Any], refused: npt.NDArray[np.bool_]) -> pa.Array[Any]:
    if predictions.label_numbers is not None:
        return classes.take(pa.array(predictions.label_numbers, mask=refused))
    assert predictions.labels is not None
    return pa.array(predictions.labels, mask=refused).cast(classes.type)


def _ranked(
    probabilities: npt.NDArray[np.floating], classes: pa.Array[Any], refused: npt.NDArray[np.bool_]
) -> pa.Array[Any]:
    """[n, c] as n lists, made of flat buffers."""
    num_rows, num_classes = probabilities.shape
    if num_classes == 2:
        numbers = np.tile(np.array([1, 0], np.int32), num_rows)
        ranked = probabilities[:, ::-1]
    else:
        order = np.argsort(-probabilities, axis=1, kind="stable")
        numbers, ranked = order.ravel().astype(np.int32), np.take_along_axis(probabilities, order, axis=1)
    values = pa.array(np.ascontiguousarray(ranked, np.float64).ravel())
    pairs = pa.StructArray.from_arrays([classes.take(pa.array(numbers)), values], ["label", "prob"])
    offsets = pa.array(np.arange(num_rows + 1, dtype=np.int32) * num_classes)
    return pa.ListArray.from_arrays(offsets, pairs, mask=pa.array(refused) if refused.any() else None)
