"""`Predictions`: what a bundle answers, as arrays, or as plain rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hagane.bundle.output_values import OutputValues
from hagane.bundle.signature import (
    LOWER_BOUND,
    PREDICTED_LABEL,
    PREDICTED_VALUE,
    PROBABILITIES,
    ROW_ERROR,
    SCORES,
    UNCALIBRATED,
    UPPER_BOUND,
    Signature,
)

Array = npt.NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Answers for n rows, in the rows' order. Regression has `values`; classification `probabilities` and `labels`."""

    signature: Signature
    row_errors: npt.NDArray[np.bool_]
    """[n]: an expression erred on this row and was answered with NULL."""
    probabilities: Array | None = None
    """[n, c] f32 or f64: probability of each of `signature.classes`; of k labels [n, k, 2]."""
    labels: Array | None = None
    """[n] object (str), int64 or bool: the predicted class; of k labels [n, k] int64, its place among theirs."""
    values: Array | None = None
    """[n] f32 or f64: the predicted number; of k labels [n, k]."""
    lower_bounds: Array | None = None
    """[n] f64: of the prediction interval, where the model has one."""
    upper_bounds: Array | None = None
    uncalibrated: Array | None = None
    """[n, c] f64: what the family itself says, where a calibrated model was asked for it."""
    columns: tuple[OutputValues, ...] | None = None
    """The values of `signature.output_columns`, of a model without a label."""
    scores: Array | None = None
    """[n, m] f64: what these follow from, where the graph was asked for it."""
    label_numbers: npt.NDArray[np.int64] | None = None
    """[n]: the predicted class by its place among `signature.classes`, where `labels` were not asked for."""

    def __len__(self) -> int:
        return len(self.row_errors)

    @property
    def any_row_errors(self) -> bool:
        """Whether any row has one; for a few rows much faster than numpy's `any`."""
        return b"\1" in self.row_errors.tobytes()

    @classmethod
    def from_outputs(cls, signature: Signature, outputs: dict[str, Array]) -> Predictions:
        """Wrap what the graph answered for `signature.outputs`."""
        return cls(
            signature=signature,
            row_errors=outputs[ROW_ERROR],
            probabilities=outputs.get(PROBABILITIES),
            labels=outputs.get(PREDICTED_LABEL),
            values=outputs.get(PREDICTED_VALUE),
            lower_bounds=outputs.get(LOWER_BOUND),
            upper_bounds=outputs.get(UPPER_BOUND),
            uncalibrated=outputs.get(UNCALIBRATED),
            columns=tuple(
                OutputValues.of(column, outputs, len(outputs[ROW_ERROR])) for column in signature.output_columns
            )
            or None,
            scores=outputs.get(SCORES),
        )

    def split(self, sizes: Sequence[int]) -> list[Predictions]:
        """The answers for the first `sizes[0]` rows, for the next `sizes[1]`, …: views of these, without a copy.

        The plain rows are made at once, for all of them.
        """
        rows, start = self.rows(), 0
        parts: list[Predictions] = []
        for size in sizes:
            stop = start + size
            parts.append(_part(self, rows[start:stop], slice(start, stop)))
            start = stop
        return parts

    def with_threshold(self, threshold: float) -> Predictions:
        """The same, positive where the probability is at least `threshold`; of two classes, or several labels.

        >>> from hagane.types import SqlType
        >>> signature = Signature(inputs=(), task="classification", label="late", label_type=SqlType.BOOL,
        ...                       classes=(False, True), threshold=0.5, model_type="logistic_reg")
        >>> answers = Predictions(signature, np.zeros(1, np.bool_), np.array([[0.6, 0.4]]), np.array([False]))
        >>> answers.with_threshold(0.4).label_numbers
        array([1])
        """
        assert self.probabilities is not None
        numbers = (self.probabilities[..., 1].astype(np.float64) >= threshold).astype(np.int64)
        if self.signature.labels:
            return dataclasses.replace(self, labels=numbers)
        return dataclasses.replace(self, labels=None, label_numbers=numbers)

    @property
    def each(self) -> tuple[Predictions, ...]:
        """The answers for each of several labels by itself."""
        return tuple(self._of_label(place, one) for place, one in enumerate(self.signature.each))

    def _of_label(self, place: int, signature: Signature) -> Predictions:
        if self.probabilities is None or self.labels is None:
            assert self.values is not None
            return Predictions(signature, self.row_errors, values=self.values[:, place])
        labels = np.array(signature.classes)[self.labels[:, place]]
        return Predictions(signature, self.row_errors, probabilities=self.probabilities[:, place], labels=labels)

    @classmethod
    def concatenate(cls, parts: list[Predictions]) -> Predictions:
        """One after another; `parts` holds at least one. Parts of one whole that lie side by side are cut at once."""
        pieces = _pieces(parts)
        return cls(
            signature=pieces[0][0].signature,
            row_errors=np.concatenate([whole.row_errors[place] for whole, place in pieces]),
            probabilities=_joined([(whole.probabilities, place) for whole, place in pieces]),
            labels=_joined([(whole.labels, place) for whole, place in pieces]),
            values=_joined([(whole.values, place) for whole, place in pieces]),
            lower_bounds=_joined([(whole.lower_bounds, place) for whole, place in pieces]),
            upper_bounds=_joined([(whole.upper_bounds, place) for whole, place in pieces]),
            uncalibrated=_joined([(whole.uncalibrated, place) for whole, place in pieces]),
            label_numbers=_joined([(whole.label_numbers, place) for whole, place in pieces]),
            columns=_joined_columns([(whole.columns, place) for whole, place in pieces]),
            scores=_joined([(whole.scores, place) for whole, place in pieces]),
        )

    def rows(self) -> list[dict[str, Any]]:
        """Plain Python, one dict a row, named as ML.PREDICT names them.

        Regression: `{"predicted_price": 3.5}`, and where the model has prediction intervals
        `"prediction_interval_lower_bound": 3.1, "prediction_interval_upper_bound": 3.9`. Classification:
        `{"predicted_late": True, "predicted_late_probs": [{"label": True, "prob": 0.8}, {"label": False, "prob":
        0.2}]}`, the most probable class first (equal ones in the classes' order). A row with an error that
        was answered all the same has `"row_error": True` besides.
        Several labels have all of these, each under its own name. A model without a label answers its
        `signature.output_columns`: `{"CENTROID_ID": 2, "NEAREST_CENTROIDS_DISTANCE": [{"CENTROID_ID": 2, "DISTANCE":
        0.7}, …]}`.
        A number that is not finite becomes None: JSON has no other word for it.
        """
        if self.signature.labels:
            each = zip(*(one.rows() for one in self.each), strict=True)
            return [{name: value for row in rows for name, value in row.items()} for rows in each]
        if self.columns is not None:
            rows = self._column_rows(self.columns)
        else:
            rows = self._regression_rows() if self.probabilities is None else self._classification_rows()
        if self.any_row_errors:
            for index in np.flatnonzero(self.row_errors).tolist():
                rows[index]["row_error"] = True
        return rows

    def _column_rows(self, columns: tuple[OutputValues, ...]) -> list[dict[str, Any]]:
        names = [each.column.name for each in columns]
        return [
            dict(zip(names, values, strict=True)) for values in zip(*(each.rows() for each in columns), strict=True)
        ]

    def _regression_rows(self) -> list[dict[str, Any]]:
        assert self.values is not None
        name = self.signature.prediction_name
        if self.lower_bounds is None or self.upper_bounds is None:
            return [{name: _finite(value)} for value in self.values.tolist()]
        columns = (self.values.tolist(), self.lower_bounds.tolist(), self.upper_bounds.tolist())
        return [
            {name: _finite(value), LOWER_BOUND: _finite(lower), UPPER_BOUND: _finite(upper)}
            for value, lower, upper in zip(*columns, strict=True)
        ]

    def _classification_rows(self) -> list[dict[str, Any]]:
        assert self.probabilities is not None
        assert self.labels is not None
        name, classes = self.signature.prediction_name, self.signature.classes
        probs_name = f"{name}_probs"
        pairs = zip(self.labels.tolist(), self.probabilities.tolist(), strict=True)
        if len(classes) == 2:
            no, yes = classes
            return [{name: label, probs_name: _binary_probs(no, p, yes, q)} for label, (p, q) in pairs]
        rows = []
        for label, probabilities in pairs:
            ranked = sorted(zip(classes, probabilities, strict=True), key=_descending)
            rows.append({name: label, probs_name: [{"label": c, "prob": _finite(p)} for c, p in ranked]})
        return rows


class _Part(Predictions):
    """A view of some rows of `_whole`. A server makes one a request: its arrays are cut when they are asked for."""

    _whole: Predictions
    _made: list[dict[str, Any]]
    _place: slice

    def __new__(cls, *args: Any, **fields: Any) -> Any:
        """What `dataclasses.replace` makes of a view is none."""
        return Predictions(*args, **fields)

    def __len__(self) -> int:
        return len(self._made)

    def rows(self) -> list[dict[str, Any]]:
        """Made with those of the whole."""
        return self._made


def _cut(name: str) -> property:
    def cut(part: _Part) -> Any:
        value = getattr(part._whole, name)
        if name == "columns" and value is not None:
            return tuple(each[part._place] for each in value)
        return value[part._place] if isinstance(value, np.ndarray) else value

    return property(cut)


for _field in dataclasses.fields(Predictions):
    setattr(_Part, _field.name, _cut(_field.name))


def _part(whole: Predictions, made: list[dict[str, Any]], place: slice) -> _Part:
    part = object.__new__(_Part)  # not through the constructor of a frozen class, which takes microseconds
    attributes = part.__dict__
    attributes["_whole"], attributes["_made"], attributes["_place"] = whole, made, place
    return part


def _binary_probs(no: object, p: float, yes: object, q: float) -> list[dict[str, Any]]:
    """Of two classes: the commonest model's, and not worth a call of `sorted`."""
    first: dict[str, Any] = {"label": no, "prob": _finite(p)}
    second: dict[str, Any] = {"label": yes, "prob": _finite(q)}
    return [second, first] if q > p else [first, second]


def _pieces(parts: Sequence[Predictions]) -> list[tuple[Predictions, slice]]:
    """The same rows as places in whole predictions, neighbours joined."""
    pieces: list[tuple[Predictions, slice]] = []
    for part in parts:
        whole, place = (part._whole, part._place) if isinstance(part, _Part) else (part, slice(0, len(part)))
        if pieces and pieces[-1][0] is whole and pieces[-1][1].stop == place.start:
            place = slice(pieces.pop()[1].start, place.stop)
        pieces.append((whole, place))
    return pieces


def _joined(pieces: Sequence[tuple[Array | None, slice]]) -> Array | None:
    there = [array[place] for array, place in pieces if array is not None]
    return np.concatenate(there) if there else None


def _joined_columns(
    pieces: Sequence[tuple[tuple[OutputValues, ...] | None, slice]],
) -> tuple[OutputValues, ...] | None:
    there = [[each[place] for each in columns] for columns, place in pieces if columns is not None]
    return tuple(OutputValues.concatenate(each) for each in zip(*there, strict=True)) if there else None


def _descending(pair: tuple[Any, float]) -> float:
    return -pair[1]


def _finite(value: float) -> float | None:
    return value if value - value == 0 else None
