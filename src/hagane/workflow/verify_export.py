"""A bundle is published only if it reproduces training: the same raw rows go both ways.

Features must be bit-equal between the encoder that made the training data (by dictionary, in blocks) and the bundle
alone (plain tensors, and for some rows raw JSON); scores must agree within the family's stated tolerance.
"""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from hagane.bundle.bundle import Bundle
from hagane.bundle.predictions import Predictions
from hagane.data.column_data import columns_data
from hagane.errors import BundleError, Fault
from hagane.explanation.explanation_facts import FACTS_NAME
from hagane.features.encoder import Encoder
from hagane.features.graph_ports import sparse_outputs
from hagane.features.sparse_rows import SparseRows
from hagane.models.family import FittedModel, score_unit
from hagane.models.rounding import Rounded
from hagane.models.tree_model import RELATIVE_TOLERANCE
from hagane.number_text import brief_text
from hagane.workflow.held_out_fit import HeldOutFit
from hagane.workflow.instances import instances_of
from hagane.workflow.prepare import Prepared
from hagane.workflow.score import scores_of
from hagane.workflow.verify_explanation import ExplanationVerification, verify_explanation

SAMPLE_ROWS = 1_000
JSON_ROWS = 20
CALIBRATION_TOLERANCE = 1e-9
"""Logarithms and powers differ in the last bits between numpy and ONNX Runtime; a table does not differ at all."""


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What was compared, for the lineage."""

    num_rows: int
    num_json_rows: int
    largest_score_difference: float
    """|bundle − training path| / max(1, |training path|, the model's score unit), the largest over rows and classes."""
    tolerance: float
    largest_calibration_difference: float = 0.0
    """|calibrated by the bundle − by the fitted calibrator, of the bundle's own uncalibrated scores|, the largest."""
    largest_bound_difference: float = 0.0
    """Of the bounds of prediction intervals, relative as that of the scores."""
    explanation: ExplanationVerification | None = None
    """None where the model cannot be explained."""


def verify_export(bundle: Bundle, prepared: Prepared, model: FittedModel, fit: HeldOutFit) -> Verification:
    """Compare both ways on a sample. Raises BundleError naming the first feature or row that differs."""
    table, transform, family = prepared.splits.train, prepared.transform, prepared.resolved.family
    batch = next(iter(table.batches(tuple(c.name for c in transform.columns), batch_rows=SAMPLE_ROWS, dictionary=True)))
    dense, ids, _, sparse = Encoder(transform).encode_batch(batch)
    plain = columns_data(batch, table.schema.select(tuple(c.name for c in transform.columns)))
    outputs = bundle.features(plain)
    for name, trained, features in (("dense", dense, transform.dense), ("ids", ids, transform.ids)):
        if features:
            _same_bits(trained, outputs[name], [feature.name for feature in features])
    for index, trained_rows in enumerate(sparse):
        _same_sparse(trained_rows, [outputs[name] for name in sparse_outputs(index)], transform.sparse[index].name)
    expected = np.asarray(model.predict(dense, ids, sparse), np.float64)
    answers = bundle.predict_columns(plain, uncalibrated=True)
    served = scores_of(answers)
    unit = score_unit(model)
    difference = _largest_difference(expected, served if answers.uncalibrated is None else answers.uncalibrated, unit)
    tolerance = max(family.relative_tolerance, model.rounding if isinstance(model, Rounded) else 0.0)
    _check_difference("trained model", family.name, difference, tolerance)
    calibration = 0.0
    if fit.calibrator is not None and answers.uncalibrated is not None:
        calibration = _largest_difference(fit.calibrator.apply(answers.uncalibrated), served)
        _check_difference("calibration", fit.calibrator.method, calibration, CALIBRATION_TOLERANCE)
    moved = 0.0
    if fit.intervals is not None:
        bounds = fit.intervals.apply(expected, dense, ids, sparse)
        moved = max(map(_largest_difference, bounds, (answers.lower_bounds, answers.upper_bounds), (unit, unit)))
        _check_difference("prediction intervals", family.name, moved, max(tolerance, RELATIVE_TOLERANCE))
    num_json = _same_from_json(bundle, batch.slice(0, JSON_ROWS), answers)
    return Verification(
        num_rows=batch.num_rows,
        num_json_rows=num_json,
        largest_score_difference=difference,
        tolerance=tolerance,
        largest_calibration_difference=calibration,
        largest_bound_difference=moved,
        explanation=verify_explanation(bundle, plain) if FACTS_NAME in bundle.manifest.files else None,
    )


def _check_difference(what: str, where: str, difference: float, tolerance: float) -> None:
    if difference <= tolerance:
        return
    raise BundleError(
        Fault(
            what=f"the exported graph does not reproduce the {what}",
            where=where,
            expected=f"scores within {brief_text(tolerance, 6)} (relative)",
            received=f"a difference of {brief_text(difference, 6)}",
            next_step="this is a fault of Hagane: please report it with the spec",
        )
    )


def _same_bits(trained: np.ndarray, served: np.ndarray, names: list[str]) -> None:
    unsigned = {4: np.uint32, 8: np.uint64}[trained.dtype.itemsize]
    left, right = np.ascontiguousarray(trained), np.ascontiguousarray(served)
    differs = left.view(unsigned) != right.view(unsigned)
    if trained.dtype.kind == "f":
        differs &= ~(np.isnan(left) & np.isnan(right))
    if differs.any():
        row, column = np.argwhere(differs)[0]
        raise BundleError(
            Fault(
                what="a feature differs between training and the bundle",
                where=f"feature '{names[column]}', row {row}",
                expected=str(left[row, column]),
                received=str(right[row, column]),
                next_step="this is a fault of Hagane: please report it with the spec",
            )
        )


def _same_sparse(trained: SparseRows, served: list[np.ndarray], name: str) -> None:
    rows, ids, weights = served
    found = SparseRows.from_entries(rows, ids, weights, trained.num_rows)
    pairs = ((trained.offsets, found.offsets), (trained.ids, found.ids), (trained.weights, found.weights))
    if not all(np.array_equal(left, right) for left, right in pairs):
        raise BundleError(
            Fault(
                what="a feature differs between training and the bundle",
                where=f"feature '{name}'",
                next_step="this is a fault of Hagane: please report it with the spec",
            )
        )


def _largest_difference(expected: np.ndarray, served: np.ndarray | None, unit: float | np.ndarray = 1.0) -> float:
    assert served is not None
    if not expected.size:
        return 0.0
    return float((np.abs(expected - served) / np.maximum(unit, np.abs(expected))).max())


def _same_values(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    """Whether `other` begins with `one`."""
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other[: len(one)], equal_nan=one.dtype.kind == "f")


def _same_from_json(bundle: Bundle, rows: pa.RecordBatch, served: Predictions) -> int:
    from_json = bundle.predict(instances_of(rows), on_error="null")
    if from_json.columns is not None and served.columns is not None:
        heads = [each[: len(from_json)] for each in served.columns]
        answered = [(one.arrays, other.arrays) for one, other in zip(from_json.columns, heads, strict=True)]
        pairs = [pair for each in answered for pair in zip(*each, strict=True)]
    else:
        pairs = [(scores_of(from_json), scores_of(served))]
    pairs += [
        (one, other)
        for one, other in (
            (from_json.lower_bounds, served.lower_bounds),
            (from_json.upper_bounds, served.upper_bounds),
        )
        if one is not None and other is not None
    ]
    if not all(_same_values(one, other) for one, other in pairs):
        raise BundleError(
            Fault(
                what="raw JSON rows are predicted otherwise than the same rows from the table",
                next_step="this is a fault of Hagane: please report it with the spec",
            )
        )
    return int(rows.num_rows)
