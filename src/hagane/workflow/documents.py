"""The documents that travel in a bundle beside its graph."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform

import msgspec

from hagane.anomalies.outlier_report import OutlierReport
from hagane.calibration.calibrate import CalibrationFit
from hagane.calibration.prediction_intervals import IntervalsFit
from hagane.models.family import FittedModel, Iteration
from hagane.spec.data_schema import DataSchema
from hagane.spec.write_data_schema import write_data_schema
from hagane.spec.write_yaml import write_yaml
from hagane.workflow.advice import advice_of
from hagane.workflow.check_prediction import SCHEMA_NAME
from hagane.workflow.export import Export
from hagane.workflow.hyperparameters import Hyperparameter
from hagane.workflow.prepare import Prepared
from hagane.workflow.row_weights import RowWeights
from hagane.workflow.verify_export import Verification
from hagane.workflow.weights import WEIGHTS_NAME, weights_document

LIBRARIES = (
    "hagane",
    "duckdb",
    "onnx",
    "onnxruntime",
    "torch",
    "lightgbm",
    "scikit-learn",
    "numpy",
    "pyarrow",
    "sqlglot",
)


class Lineage(msgspec.Struct, frozen=True, kw_only=True):
    """`lineage.json`: what the bundle was made of, and how."""

    created: str
    """RFC 3339, UTC."""
    training_seconds: float
    data_fingerprint: str
    split: str
    split_counts: dict[str, int]
    row_weights: RowWeights = RowWeights()
    """What the rows counted in training."""
    hyperparameters: tuple[Hyperparameter, ...] = ()
    """What was left open in the spec: where it was searched, and the value of this training."""
    outliers: OutlierReport | None = None
    """The training rows that were set aside."""
    best_iteration: int
    training_info: tuple[Iteration, ...]
    advice: tuple[str, ...] = ()
    """What the curve suggests (overfitting, underfitting)."""
    importance: dict[str, float]
    calibration: CalibrationFit | None = None
    """What makes probabilities mean what they say, fitted on the eval rows."""
    intervals: IntervalsFit | None = None
    """What bounds are put around predicted numbers, fitted on the eval rows."""
    verification: Verification
    python: str
    libraries: dict[str, str]


def bundle_documents(
    prepared: Prepared,
    model: FittedModel,
    exported: Export,
    *,
    weights: RowWeights,
    seconds: float,
    hyperparameters: tuple[Hyperparameter, ...] = (),
) -> dict[str, bytes]:
    """File name → content."""
    lineage = Lineage(
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        training_seconds=round(seconds, 3),
        data_fingerprint=prepared.table.fingerprint(),
        split=prepared.splits.describe(),
        split_counts=prepared.split_counts,
        row_weights=weights,
        hyperparameters=hyperparameters,
        outliers=prepared.outliers,
        best_iteration=model.best_iteration,
        training_info=model.curve,
        advice=advice_of(model.curve, model.best_iteration, prepared.resolved.options),
        importance=dict(model.importance()),
        calibration=exported.held_out.calibration_fit,
        intervals=exported.held_out.intervals_fit,
        verification=exported.verification,
        python=platform.python_version(),
        libraries={name: importlib.metadata.version(name) for name in LIBRARIES},
    )
    documents = {
        "spec.yaml": write_yaml(prepared.resolved.spec).encode(),
        "statistics.json": _json(prepared.statistics),
        "evaluation.json": exported.evaluation.to_json(),
        "transform.json": prepared.transform.to_json(),
        "lineage.json": _json(lineage),
    }
    if (weights_json := weights_document(prepared, model)) is not None:
        documents[WEIGHTS_NAME] = weights_json
    if isinstance(schema := prepared.resolved.spec.schema, DataSchema):
        documents[SCHEMA_NAME] = write_data_schema(schema).encode()
    if prepared.anomalies is not None:
        documents["anomalies.json"] = prepared.anomalies.to_json()
    return documents


def _json(document: msgspec.Struct) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2)
