"""The documents that travel in a bundle beside its graph."""

from __future__ import annotations

import datetime
import importlib.metadata
import platform

import msgspec

from hagane.bundle.manifest import SCHEMA_NAME
from hagane.evaluation.report.card_html import card_html
from hagane.evaluation.report.card_markdown import card_markdown
from hagane.models.family import FittedModel, HasParameters
from hagane.models.tree_importance import HasTreeImportance
from hagane.spec.data_schema import DataSchema
from hagane.spec.write_data_schema import write_data_schema
from hagane.spec.write_yaml import write_yaml
from hagane.workflow.advice import advice_on
from hagane.workflow.beginning import Beginning
from hagane.workflow.ensemble_members import ensemble_members
from hagane.workflow.export import Export
from hagane.workflow.hyperparameters import Hyperparameter
from hagane.workflow.lineage import Lineage
from hagane.workflow.model_card import Trained, model_card
from hagane.workflow.prepare import Prepared
from hagane.workflow.row_weights import RowWeights
from hagane.workflow.tree_importance import TREE_IMPORTANCE_NAME
from hagane.workflow.weights import WEIGHTS_NAME, weights_document

CARD_NAME, CARD_PAGE_NAME = "model_card.md", "model_card.html"
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


def bundle_documents(
    prepared: Prepared,
    model: FittedModel,
    exported: Export,
    *,
    weights: RowWeights,
    seconds: float,
    version: str,
    hyperparameters: tuple[Hyperparameter, ...] = (),
    beginning: Beginning | None = None,
    retrained: str | None = None,
    occasion: str | None = None,
) -> dict[str, bytes]:
    """File name → content. `version` is what the model will be called: `late@3`."""
    lineage = Lineage(
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        training_seconds=round(seconds, 3),
        data_fingerprint=prepared.table.fingerprint(),
        split=prepared.splits.describe(),
        split_counts=prepared.split_counts,
        declared_transform=dict(prepared.labelled.spec.transform or {}),
        row_weights=weights,
        hyperparameters=hyperparameters,
        outliers=prepared.outliers,
        warm_start=None if beginning is None else f"{beginning.reference} ({beginning.digest})",
        retrained=retrained,
        occasion=occasion,
        best_iteration=model.best_iteration,
        training_info=model.curve,
        advice=advice_on(model, prepared.resolved.options),
        importance=dict(model.importance()),
        members=ensemble_members(model),
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
    documents |= exported.explanation
    if (weights_json := weights_document(prepared, model)) is not None:
        documents[WEIGHTS_NAME] = weights_json
    if isinstance(model, HasTreeImportance):
        documents[TREE_IMPORTANCE_NAME] = model.tree_importance().to_json()
    if isinstance(model, HasParameters):
        documents |= model.parameters()
    if isinstance(schema := prepared.resolved.spec.schema, DataSchema):
        documents[SCHEMA_NAME] = write_data_schema(schema).encode()
    if prepared.anomalies is not None:
        documents["anomalies.json"] = prepared.anomalies.to_json()
    card = model_card(Trained(prepared, model, exported, lineage, version))
    return documents | {CARD_NAME: card_markdown(card).encode(), CARD_PAGE_NAME: card_html(card).encode()}


def _json(document: msgspec.Struct) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2)
