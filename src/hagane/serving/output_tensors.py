"""Predictions as named tensors, for the protocols that know no rows: TensorFlow Serving's and the Open Inference one.

A field of a row that is a number, a text or a bool is a tensor [n]. The list of `{"label", "prob"}` that ML.PREDICT
answers for a classifier becomes two [n, c]: `predicted_late_labels` and `predicted_late_probs`, in the order of the
classes, the same in every row.

A model without a label answers columns of its own: an array is a tensor [n, m], and of STRUCTs one for each field,
`NEAREST_CENTROIDS_DISTANCE.DISTANCE`. Rows of different lengths are no tensor: what is missing is None.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hagane.bundle.predictions import Predictions
from hagane.bundle.signature import ROW_ERROR
from hagane.types import SqlType

Column = list[Any]
_PROBS = "_probs"
_TYPES = {bool: SqlType.BOOL, int: SqlType.INT64, str: SqlType.STRING}


class OutputTensor(NamedTuple):
    """What is known of an output before anything is predicted."""

    name: str
    type: SqlType
    width: int | None = None
    """c of a tensor [n, c]; None for one of shape [n]."""


class OutputTensors:
    """The outputs of one model, and predictions in their form. Made by `of`."""

    def __init__(self, tensors: tuple[OutputTensor, ...], classes: dict[str, list[Any]]) -> None:
        self.tensors = tensors
        self._classes = classes

    @classmethod
    def of(cls, answer: Predictions) -> OutputTensors:
        """Taken from the answer to one row. `row_error` is an output where rows that err are answered at all."""
        signature = answer.signature
        if answer.columns is not None:
            return cls._of_columns(answer)
        order = {value: index for index, value in enumerate(signature.classes)}
        tensors, classes = [], {}
        for name, value in answer.rows()[0].items():
            if isinstance(value, list):
                labels = sorted((each["label"] for each in value), key=lambda label: (order.get(label, 0), label))
                classes[name] = labels
                tensors.append(OutputTensor(_labels_name(name), _type(labels[0]), len(labels)))
                tensors.append(OutputTensor(name, SqlType.FLOAT64, len(labels)))
            elif name != ROW_ERROR:
                tensors.append(OutputTensor(name, _type(value)))
        if signature.on_error == "null":
            tensors.append(OutputTensor(ROW_ERROR, SqlType.BOOL))
        return cls(tuple(tensors), classes)

    @classmethod
    def _of_columns(cls, answer: Predictions) -> OutputTensors:
        tensors = []
        for values in answer.columns or ():
            column = values.column
            width = int(values.offsets[1]) if values.offsets is not None else None
            for field, type_ in column.types.items():
                tensors.append(OutputTensor(f"{column.name}.{field}" if field else column.name, type_, width))
        if answer.signature.on_error == "null":
            tensors.append(OutputTensor(ROW_ERROR, SqlType.BOOL))
        return cls(tuple(tensors), {})

    @property
    def names(self) -> tuple[str, ...]:
        """The outputs' names, in order."""
        return tuple(tensor.name for tensor in self.tensors)

    def columns(self, predictions: Predictions) -> dict[str, Column]:
        """name → n values, or n lists of c values. A number that is not finite is None."""
        rows = predictions.rows()
        if predictions.columns is not None:
            return self._own_columns(predictions, rows)
        columns: dict[str, Column] = {}
        for tensor in self.tensors:
            probs_name = tensor.name.removesuffix("_labels") + _PROBS
            if tensor.name == ROW_ERROR:
                columns[tensor.name] = predictions.row_errors.tolist()
            elif tensor.width is None:
                columns[tensor.name] = [row[tensor.name] for row in rows]
            elif tensor.name in self._classes:
                columns[tensor.name] = [self._probabilities(row[tensor.name], tensor.name) for row in rows]
            else:
                columns[tensor.name] = [self._classes[probs_name]] * len(rows)
        return columns

    def _own_columns(self, predictions: Predictions, rows: list[dict[str, Any]]) -> dict[str, Column]:
        columns: dict[str, Column] = {ROW_ERROR: predictions.row_errors.tolist()}
        widths = {tensor.name: tensor.width for tensor in self.tensors}
        for values in predictions.columns or ():
            column = values.column
            told = [row[column.name] for row in rows]
            for field in column.types:
                name = f"{column.name}.{field}" if field else column.name
                width = widths[name]
                columns[name] = told if width is None else [_of_width(each, field, width) for each in told]
        return columns

    def _probabilities(self, ranked: list[dict[str, Any]], name: str) -> list[float | None]:
        found = {each["label"]: each["prob"] for each in ranked}
        return [found[label] for label in self._classes[name]]


def _of_width(values: list[Any] | None, field: str, width: int) -> list[Any]:
    """So many values of an array, or of a field of its STRUCTs."""
    found = [each[field] if field else each for each in (values or [])[:width]]
    return [*found, *[None] * (width - len(found))]


def _labels_name(probs_name: str) -> str:
    return probs_name.removesuffix(_PROBS) + "_labels"


def _type(value: object) -> SqlType:
    """Of one value; only a number that is not finite is None."""
    return _TYPES.get(type(value), SqlType.FLOAT64)
