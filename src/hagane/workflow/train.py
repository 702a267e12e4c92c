"""`train`: from a spec to a registered bundle."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from hagane.anomalies.anomaly_report import AnomalyReport
from hagane.anomalies.outlier_report import OutlierReport
from hagane.bundle.write_bundle import write_bundle
from hagane.errors import TrainingError
from hagane.evaluation.evaluation import Evaluation
from hagane.features.encode import encode
from hagane.models.family import FitContext, FittedModel
from hagane.progress import SILENT, Progress
from hagane.spec.spec import Spec
from hagane.statistics.leaks import Leak
from hagane.statistics.statistics import Statistics
from hagane.training.preemption import Preemption
from hagane.workflow.advice import advice_of
from hagane.workflow.documents import bundle_documents
from hagane.workflow.export import Export, export
from hagane.workflow.held_out_fit import fit_bounds
from hagane.workflow.hyperparameters import chosen_hyperparameters, set_hyperparameters
from hagane.workflow.notes import notes_of
from hagane.workflow.prepare import Prepared, prepare
from hagane.workflow.row_weights import WeightedSplits, weigh_rows, weight_column
from hagane.workflow.tensorboard_run import tensorboard_run
from hagane.workspace.model_version import ModelVersion
from hagane.workspace.run_folder import remove_run, run_folder
from hagane.workspace.workspace import VersionSlot, Workspace


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What a training left behind, and what its user should know."""

    version: ModelVersion
    bundle: Path
    spec: Spec
    """Resolved: it alone says what happened."""
    evaluation: Evaluation
    """Of the test rows; of the eval rows where there are none; of the training rows without either (`.part` says)."""
    statistics: Statistics
    leaks: tuple[Leak, ...]
    notes: tuple[str, ...]
    anomalies: AnomalyReport | None
    """Where the rows depart from the schema; None where the spec names none."""
    outliers: OutlierReport | None
    """The training rows that were set aside; None where the spec looks for none."""
    split_counts: dict[str, int]
    duration_seconds: float
    model: FittedModel


def train(spec: Spec, *, workspace: Workspace, frame: object | None = None,
          hparams: Mapping[str, Any] | None = None, progress: Progress = SILENT) -> TrainResult:  # fmt: skip
    """Train what `spec` declares and register the bundle in `workspace`.

    `frame` (Arrow, pandas, Polars) stands in for `spec.data` where given. `hparams` are the values of the spec's
    hyperparameters, by name (`hagane.workflow.hyperparameters`). Raises HaganeError: SpecError with every
    fault of the spec, DataError, BadRowsError, TrainingError, or BundleError if the bundle does not reproduce training.
    """
    began = time.monotonic()
    declared, spec = spec, set_hyperparameters(spec, hparams or {})
    prepared = prepare(spec, frame, progress, folder=workspace.root)
    name = prepared.resolved.spec.name
    assert name is not None
    with (
        workspace.scratch() as scratch,
        workspace.new_version(name) as slot,
        run_folder(workspace.runs_folder, run_key(prepared)) as folder,
    ):
        encoded = encode(prepared.splits, prepared.transform, prepared.label, scratch / "encoded",
                         weight=weight_column(prepared), cache=workspace.cache, progress=progress)  # fmt: skip
        weighted = weigh_rows(encoded, prepared)
        with tensorboard_run(prepared, workspace, folder, progress) as told:
            model = _fit_family(prepared, weighted, folder, told)
        bounds = fit_bounds(prepared, weighted, progress)
        exported = export(prepared, model, scratch / "bundle", progress, bounds=bounds)
        seconds = time.monotonic() - began
        weights = msgspec.structs.replace(weighted.weights, is_calibrated=exported.held_out.calibrator is not None)
        documents = bundle_documents(prepared, model, exported, weights=weights, seconds=seconds,
                                     version=f"{name}@{slot.version}",
                                     hyperparameters=chosen_hyperparameters(declared, hparams or {}))  # fmt: skip
        write_bundle(slot.path, model=exported.graph, signature=exported.signature, documents=documents)
        published = _publish(slot, prepared, exported, encoded.train.num_rows)
        remove_run(folder)
    return TrainResult(
        version=published,
        bundle=published.path,
        spec=prepared.resolved.spec,
        evaluation=exported.evaluation,
        statistics=prepared.statistics,
        leaks=prepared.leaks,
        notes=(
            *notes_of(prepared, encoded, weights, exported.held_out),
            *advice_of(model.curve, model.best_iteration, prepared.resolved.options),
        ),
        anomalies=prepared.anomalies,
        outliers=prepared.outliers,
        split_counts=prepared.split_counts,
        duration_seconds=time.monotonic() - began,
        model=model,
    )


def run_key(prepared: Prepared) -> str:
    """What is trained, on what, by what: a training that is started again has the same, any other has not.

    Where its curves are drawn makes no other training of it.
    """
    spec = prepared.resolved.spec
    alike = replace(spec, training=replace(spec.training, tensorboard=False))
    parts = (
        msgspec.json.encode(alike, order="sorted"),
        prepared.table.fingerprint().encode(),
        json.dumps({name: version(name) for name in ("hagane", "torch")}).encode(),
    )
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:24]


def _fit_family(prepared: Prepared, encoded: WeightedSplits, folder: Path, progress: Progress) -> FittedModel:
    """Fit the model on the encoded training rows, watching the eval rows; going on from what `folder` holds."""
    with Preemption() as preemption:
        context = FitContext(
            features=encoded.train.features,
            num_classes=len(prepared.label.classes),
            class_offsets=encoded.class_offsets,
            seed=prepared.resolved.spec.training.seed,
            progress=progress,
            memory=prepared.table.engine.memory,
            checkpoints=folder / "checkpoints",
            preemption=preemption,
            training=prepared.resolved.spec.training,
        )
        try:
            return prepared.resolved.family.fit(encoded.train, encoded.eval, prepared.resolved.options, context)
        except TrainingError:
            remove_run(folder)
            raise


def _publish(slot: VersionSlot, prepared: Prepared, exported: Export, num_rows: int) -> ModelVersion:
    return slot.publish(
        model_type=prepared.resolved.family.name,
        task=prepared.label.task,
        label=prepared.label.column,
        spec=prepared.resolved.spec,
        metric=exported.evaluation.headline(),
        num_rows=num_rows,
    )
