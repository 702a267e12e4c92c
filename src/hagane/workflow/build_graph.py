"""One graph of raw columns → predictions: the feature graph with the model's behind it.

================== ===================== =================================================================
output             shape, dtype          holds
================== ===================== =================================================================
`probabilities`    [n, c] f64            classification: of each class, in the order of the signature's classes
`uncalibrated_     [n, c] f64            classification with a calibrator: what the family itself says
probabilities`
`predicted_label`  [n] string/int64/bool classification: the class answered
`predicted_value`  [n] f64               regression
`prediction_       [n] f64               regression with intervals: the bounds around the value (`…_lower_bound`,
interval_…`                              `…_upper_bound`)
`row_error`        [n] bool              an expression of the row erred
`dense`, `ids`,    `features.graph_ports` the features themselves, for verification and monitoring
`sparse.*`
`scores`           [n, m] f64            without a label: what the family computes its output columns from
`output.…`         `OutputColumn`        without a label: the columns that are answered
`feature_masks`    [n, f] f64            the share of each feature in what the model looked at, where it says so
================== ===================== =================================================================

Of k labels at once `probabilities` is [n, k, 2], `predicted_label` [n, k] int64 (the place of the class among the
label's) and `predicted_value` [n, k].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from hagane.bundle.output_column import OutputColumn
from hagane.bundle.signature import (
    LOWER_BOUND,
    PREDICTED_LABEL,
    PREDICTED_VALUE,
    PROBABILITIES,
    SCORES,
    UNCALIBRATED,
    UPPER_BOUND,
)
from hagane.calibration.calibrator import Calibrator
from hagane.calibration.prediction_intervals import PredictionIntervals
from hagane.explanation.explanation_facts import COLUMNS_OUTPUT, RAW_OUTPUT
from hagane.features.emit import Emitter, element_type
from hagane.features.graph_ports import DENSE, FEATURE_MASKS, IDS, ROW_ERROR
from hagane.features.label import LabelEncoding
from hagane.features.no_label import NoLabel
from hagane.features.plan import output_sparse
from hagane.features.several_labels import Labels, SeveralLabels
from hagane.features.transform import Transform
from hagane.models.emit_transform_columns import emit_transform_columns
from hagane.models.explained import ExplainedModel, Explanation
from hagane.models.family import EmittedOutputs, FeatureMaskModel, FittedModel, OutputModel
from hagane.sql.bind import bind_all
from hagane.types import Schema, SqlType


def build_graph(
    transform: Transform,
    model: FittedModel,
    label: Labels,
    *,
    threshold: float,
    calibrator: Calibrator | None = None,
    intervals: PredictionIntervals | None = None,
) -> bytes:
    """The serialized ONNX model. From probability `threshold` on a binary classifier answers the higher class."""
    return build_graphs(transform, model, label, threshold=threshold, calibrator=calibrator, intervals=intervals).model


class Graphs(NamedTuple):
    """A serialized model, and what explains it."""

    model: bytes
    explained: bytes
    """What, put behind `model`, also answers `explained.columns` and `explained.raw`; b"" where nothing does."""
    columns: tuple[OutputColumn, ...] = ()
    """What a model without a label answers."""


def build_graphs(
    transform: Transform,
    model: FittedModel,
    label: Labels,
    *,
    threshold: float,
    calibrator: Calibrator | None = None,
    intervals: PredictionIntervals | None = None,
    explanation: Explanation | None = None,
    declared: Mapping[str, str] | None = None,
) -> Graphs:
    """As `build_graph`, and what `explanation` needs of the model's own tensors, where it is given.

    `declared` are the features as the spec has them, which a model of nothing else answers.
    """
    emitter = Emitter()
    ports = transform.emit(emitter)
    answered: tuple[OutputColumn, ...] = ()
    if isinstance(label, NoLabel) and isinstance(model, OutputModel):
        answered = model.output_columns
        emit_columns(emitter, answered, model.emit_outputs(emitter, ports.dense, ports.ids, ports.sparse))
    elif isinstance(label, NoLabel):
        asked = bind_all(declared or transform.expressions, Schema(transform.columns))
        emitted = emit_transform_columns(emitter, asked, transform.fitted, transform.layout)
        answered = emitted.columns
        emit_columns(emitter, answered, EmittedOutputs("", emitted.tensors))
    else:
        raw = model.emit(emitter, ports.dense, ports.ids, ports.sparse)
        scores = emitter.node("Cast", raw, to=element_type(np.float64))
        bounds = intervals.emit(emitter, scores, ports.dense, ports.ids, ports.sparse) if intervals is not None else ()
        _emit_prediction(emitter, scores, label, threshold, calibrator)
        for name, bound in zip((LOWER_BOUND, UPPER_BOUND), bounds, strict=False):
            emitter.output(name, bound, np.float64, ("n",))
    emitter.output(ROW_ERROR, ports.row_error, np.bool_, ("n",))
    if ports.dense is not None:
        emitter.output(DENSE, ports.dense, np.dtype(transform.dense_dtype), ("n", len(transform.dense)))
    if ports.ids is not None:
        emitter.output(IDS, ports.ids, np.int64, ("n", len(transform.ids)))
    for index, port in enumerate(ports.sparse):
        output_sparse(emitter, index, port)
    if isinstance(model, FeatureMaskModel):
        masks = model.emit_feature_masks(emitter, ports.dense, ports.ids, ports.sparse)
        emitter.output(FEATURE_MASKS, masks, np.float64, ("n", len(transform.features)))
    serialized: bytes = emitter.model().SerializeToString(deterministic=True)
    if explanation is None:
        return Graphs(serialized, b"", answered)
    assert isinstance(model, ExplainedModel)
    explained = model.emit_explained(emitter, ports.dense, ports.ids, ports.sparse)
    columns = explained.raw if explanation.method == "sampled_shapley" else explained.columns
    emitter.output(COLUMNS_OUTPUT, columns, np.float64, ("n", len(explanation.owners)))
    emitter.output(RAW_OUTPUT, explained.raw, np.float64, ("n", explanation.num_raw))
    return Graphs(serialized, emitter.addition().SerializeToString(deterministic=True))


def _emit_prediction(
    emitter: Emitter,
    scores: str,
    label: LabelEncoding | SeveralLabels,
    threshold: float,
    calibrator: Calibrator | None,
) -> None:
    """The outputs that are of a label."""
    if not isinstance(label, LabelEncoding):
        emit_several(emitter, scores, label, threshold)
    elif label.task == "classification":
        emit_probabilities(emitter, scores, label, threshold, calibrator)
    else:
        emitter.output(PREDICTED_VALUE, scores, np.float64, ("n",))


DTYPES = {SqlType.FLOAT64: np.float64, SqlType.BOOL: np.bool_, SqlType.STRING: object}
"""Of an output's values; int64 for all others."""


def emit_columns(emitter: Emitter, columns: Sequence[OutputColumn], emitted: EmittedOutputs) -> None:
    """The outputs of a model without a label."""
    if emitted.scores:
        emitter.output(SCORES, emitted.scores, np.float64, ("n", "m"))
    for column in columns:
        shape: tuple[int | str, ...] = ("n", f"length.{column.name}") if column.is_array else ("n",)
        shape = (column.rows,) if column.is_ragged else shape
        for field, tensor in column.values.items():
            dtype = DTYPES.get(column.types[field], np.int64)
            emitter.output(tensor, emitted.columns[tensor], dtype, shape)
        if column.valid:
            emitter.output(column.valid, emitted.columns[column.valid], np.bool_, ("n",))
        if column.rows:
            emitter.output(column.rows, emitted.columns[column.rows], np.int64, (column.rows,))


def build_link(model: ExplainedModel, label: Labels, num_raw: int, calibrator: Calibrator | None) -> bytes:
    """The graph `raw` [n, c] → `output` [n, a]: probabilities, numbers; of several labels that of each one's second."""
    emitter = Emitter()
    raw = emitter.input("raw", np.float64, ("n", num_raw))
    scores = emitter.node("Cast", model.emit_link(emitter, raw), to=element_type(np.float64))
    if not isinstance(label, LabelEncoding) and label.task == "classification":
        scores = emitter.node("Gather", scores, emitter.constant(1, np.int64), axis=2)
    if calibrator is not None:
        scores = calibrator.emit(emitter, scores)
    found = emitter.node("Reshape", scores, emitter.constant(np.array([-1, _num_outputs(label)], np.int64)))
    emitter.output("output", found, np.float64, ("n", _num_outputs(label)))
    serialized: bytes = emitter.model().SerializeToString(deterministic=True)
    return serialized


def _num_outputs(label: Labels) -> int:
    return len(label.classes) if isinstance(label, LabelEncoding) and label.classes else label.width


def emit_probabilities(
    emitter: Emitter, scores: str, label: LabelEncoding, threshold: float, calibrator: Calibrator | None
) -> None:
    """The family's probabilities, calibrated where there is a calibrator, and the class that follows from them."""
    shape = ("n", len(label.classes))
    probabilities = scores if calibrator is None else calibrator.emit(emitter, scores)
    emitter.output(PROBABILITIES, probabilities, np.float64, shape)
    emit_predicted_label(emitter, probabilities, label, threshold)
    if calibrator is not None:
        emitter.output(UNCALIBRATED, scores, np.float64, shape)


def emit_several(emitter: Emitter, scores: str, labels: SeveralLabels, threshold: float) -> None:
    """Numbers [n, k], or probabilities [n, k, 2] and the places [n, k] of the classes that follow from them."""
    if labels.task == "regression":
        emitter.output(PREDICTED_VALUE, scores, np.float64, ("n", labels.width))
        return
    emitter.output(PROBABILITIES, scores, np.float64, ("n", labels.width, 2))
    positive = emitter.node("Gather", scores, emitter.constant(1, np.int64), axis=2)
    is_true = emitter.node("GreaterOrEqual", positive, emitter.constant(threshold, np.float64))
    places = emitter.node("Cast", is_true, to=element_type(np.int64))
    emitter.output(PREDICTED_LABEL, places, np.int64, ("n", labels.width))


def emit_predicted_label(emitter: Emitter, probabilities: str, label: LabelEncoding, threshold: float) -> None:
    """The class of each row: of two classes the higher from `threshold` on, of more the most probable."""
    if len(label.classes) == 2:
        positive = emitter.node("Gather", probabilities, emitter.constant(1, np.int64), axis=1)
        index = emitter.node(
            "Cast",
            emitter.node("GreaterOrEqual", positive, emitter.constant(threshold, np.float64)),
            to=element_type(np.int64),
        )
    else:
        index = emitter.node("ArgMax", probabilities, axis=1, keepdims=0)
    dtype = {str: object, bool: np.bool_, int: np.int64}[type(label.classes[0])]
    classes = emitter.constant(np.array(label.classes, dtype))
    emitter.output(PREDICTED_LABEL, emitter.node("Gather", classes, index, axis=0), dtype, ("n",))
