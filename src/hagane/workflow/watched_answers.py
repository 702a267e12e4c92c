"""What of a model's answers is watched: as SQL over the log's rows, and of predictions in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from hagane.bundle.prediction_columns import prediction_columns
from hagane.bundle.predictions import Predictions
from hagane.bundle.signature import Signature
from hagane.workflow.answer_columns import answer_columns, probability_column, probability_name


def watched_answers(signature: Signature) -> dict[str, str]:
    """Name → SQL, of `answer_columns`."""
    return {name: column.sql for name, column in answer_columns(signature).items()}


def probability_sql(signature: Signature) -> str:
    """Of the positive class of two: classes stand in their order."""
    return probability_column(signature).sql


def answer_arrays(predictions: Predictions) -> dict[str, pa.Array[Any]]:
    """The same of predictions: name → an array of the rows; what the log would hold of them."""
    signature = predictions.signature
    columns = prediction_columns(predictions)
    found = {name: column for name, column in columns.items() if name in watched_answers(signature)}
    for one in predictions.each if signature.labels else (predictions,):
        if one.probabilities is not None and len(one.signature.classes) == 2:
            refused = one.row_errors if signature.on_error == "refuse" else np.zeros(len(one), np.bool_)
            positive = pa.array(one.probabilities[:, 1].astype(np.float64), mask=refused)
            found[probability_name(one.signature, signature)] = positive
    return {name: found[name] for name in watched_answers(signature)}
