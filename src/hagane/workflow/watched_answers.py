"""What of a model's answers is watched: as SQL over the log's rows, and of predictions in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from hagane.bundle.prediction_columns import prediction_columns
from hagane.bundle.predictions import Predictions
from hagane.bundle.signature import Signature
from hagane.data.engine import quote_name

PROBABILITY = "probability"


def watched_answers(signature: Signature) -> dict[str, str]:
    """Name → SQL: the prediction, and the probability of the positive class; of several labels each.

    Of a model without a label its columns of one value a row.
    """
    if signature.output_columns:
        names = [column.name for column in signature.output_columns if column.type and not column.type.is_array]
        return {name: f"prediction.{quote_name(name)}" for name in names}
    found: dict[str, str] = {}
    for one in _each(signature):
        found[one.prediction_name] = f"prediction.{quote_name(one.prediction_name)}"
        if len(one.classes) == 2:
            found[_probability_name(one, signature)] = probability_sql(one)
    return found


def probability_sql(signature: Signature) -> str:
    """Of the positive class of two: classes stand in their order."""
    return f"prediction.{quote_name(signature.prediction_name + '_probs')}[2].prob"


def answer_arrays(predictions: Predictions) -> dict[str, pa.Array[Any]]:
    """The same of predictions: name → an array of the rows; what the log would hold of them."""
    signature = predictions.signature
    columns = prediction_columns(predictions)
    found = {name: column for name, column in columns.items() if name in watched_answers(signature)}
    for one in predictions.each if signature.labels else (predictions,):
        if one.probabilities is not None and len(one.signature.classes) == 2:
            refused = one.row_errors if signature.on_error == "refuse" else np.zeros(len(one), np.bool_)
            positive = pa.array(one.probabilities[:, 1].astype(np.float64), mask=refused)
            found[_probability_name(one.signature, signature)] = positive
    return {name: found[name] for name in watched_answers(signature)}


def _each(signature: Signature) -> tuple[Signature, ...]:
    return signature.each if signature.labels else (signature,)


def _probability_name(one: Signature, whole: Signature) -> str:
    return f"{one.label}_{PROBABILITY}" if whole.labels else PROBABILITY
