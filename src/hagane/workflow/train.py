"""`train`: from a spec to a registered bundle."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from hagane.anomalies.anomaly_report import AnomalyReport
from hagane.anomalies.outlier_report import OutlierReport
from hagane.bundle.write_bundle import write_bundle
from hagane.errors import Fault, PreemptedError, SpecError, TrainingError, TrainingInterruptedError
from hagane.evaluation.evaluation import Evaluation
from hagane.features.encode import EncodedSplits, encode
from hagane.models.family import FittedModel
from hagane.models.options import FamilyOptions
from hagane.progress import SILENT, Progress
from hagane.spec.checkpoint_policy import CheckpointPolicy
from hagane.spec.spec import Spec
from hagane.spec.write_yaml import write_yaml
from hagane.statistics.leaks import Leak
from hagane.statistics.statistics import Statistics
from hagane.training.preemption import Preemption
from hagane.training.time_limit import TimeLimit
from hagane.workflow.advice import advice_on
from hagane.workflow.beginning import Beginning, find_beginning, keep_features
from hagane.workflow.check_declared import check_declared
from hagane.workflow.check_output import check_folder_output
from hagane.workflow.documents import bundle_documents
from hagane.workflow.ended_fit import ended_fit
from hagane.workflow.export import Export, export
from hagane.workflow.fit_context import fit_context
from hagane.workflow.held_out_fit import fit_bounds
from hagane.workflow.hold_beginning import hold_beginning
from hagane.workflow.hyperparameters import chosen_hyperparameters, set_hyperparameters
from hagane.workflow.notes import notes_of
from hagane.workflow.prepare import Prepared, prepare
from hagane.workflow.retrain import Retrain
from hagane.workflow.row_weights import RowWeights, WeightedSplits, weigh_rows, weight_column
from hagane.workflow.shared_rows import SharedRows
from hagane.workflow.tensorboard_run import tensorboard_run
from hagane.workflow.told_what_is_saved import told_what_is_saved
from hagane.workflow.warm_start import begin_spec
from hagane.workflow.warm_start_notes import warm_start_notes
from hagane.workspace.model_version import ModelVersion
from hagane.workspace.run_folder import CHECKPOINTS, RunAbout, remove_run, run_folder
from hagane.workspace.run_releases import run_releases
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
          hparams: Mapping[str, Any] | None = None, retrain: Retrain | None = None, progress: Progress = SILENT,
          shared: SharedRows | None = None, time_limit: TimeLimit | None = None,
          occasion: str | None = None) -> TrainResult:  # fmt: skip
    """Train what `spec` declares and register the bundle in `workspace`.

    `frame` (Arrow, pandas, Polars) stands in for `spec.data` where given. `hparams` are the values of the spec's
    hyperparameters, by name (`hagane.workflow.hyperparameters`); `retrain` is of a study's winner that is trained on
    its eval rows, too. What `shared` has read and divided already is not read again; it stands for `frame`. A
    fit that `time_limit` ends has the number of its rounds in its resolved spec; `occasion` is what the lineage says of
    why it was trained. Raises HaganeError: SpecError with
    every fault of the spec, DataError, BadRowsError, TrainingError, or BundleError if the bundle does not reproduce
    training.
    """
    began = time.monotonic()
    declared, spec = spec, set_hyperparameters(spec, hparams or {})
    spec = spec if retrain is None else retrain.applied(spec)
    beginning = _checked(spec, workspace)
    if beginning is not None:
        spec = begin_spec(spec, beginning)
        check_declared(spec)
    prepared = prepare(spec, frame, progress, folder=workspace.root, beginning=beginning, shared=shared)
    about = run_about(prepared)
    with (
        workspace.scratch() as scratch,
        run_folder(workspace.runs_folder, run_key(prepared, beginning), about) as folder,
        told_what_is_saved(folder, progress),
    ):
        beginning = hold_beginning(beginning, folder)
        made = _make(prepared, beginning, workspace, scratch=scratch, folder=folder, progress=progress,
                     time_limit=time_limit)  # fmt: skip
        prepared = made.prepared
        with workspace.new_version(about.name) as slot:
            documents = bundle_documents(prepared, made.model, made.exported, weights=made.weights,
                                         seconds=time.monotonic() - began, version=f"{slot.name}@{slot.version}",
                                         beginning=beginning, occasion=occasion,
                                         retrained=retrain.describe() if retrain else None,
                                         hyperparameters=chosen_hyperparameters(declared, hparams or {}))  # fmt: skip
            exported = made.exported
            write_bundle(slot.path, model=exported.graph, signature=exported.signature, documents=documents)
            published = _publish(slot, prepared, exported, made.encoded.train.num_rows)
        remove_run(folder)
    return _result(prepared, made, published, beginning, time.monotonic() - began)


class _Made(NamedTuple):
    """What comes of the fit."""

    prepared: Prepared
    """With what the fit was ended after."""
    encoded: EncodedSplits
    weights: RowWeights
    model: FittedModel
    exported: Export


def _checked(spec: Spec, workspace: Workspace) -> Beginning | None:
    """What can be found wrong before the data are read is found; the earlier model with which it begins."""
    check_declared(spec)
    workspace.check_writable()
    if isinstance(spec.training.tensorboard, str):
        check_folder_output(Path(spec.training.tensorboard), option="training.tensorboard")
    return find_beginning(spec, workspace)


def _make(
    prepared: Prepared,
    beginning: Beginning | None,
    workspace: Workspace,
    *,
    scratch: Path,
    folder: Path,
    progress: Progress,
    time_limit: TimeLimit | None,
) -> _Made:
    """Encode, weigh, fit and export, going on from what the run in `folder` holds."""
    keep_features(folder, prepared.transform, prepared.label)
    encoded = encode(prepared.splits, prepared.transform, prepared.label, scratch / "encoded",
                     weight=weight_column(prepared), cache=workspace.cache, progress=progress)  # fmt: skip
    weighted = weigh_rows(encoded, prepared)
    with tensorboard_run(prepared, workspace, folder, progress) as told:
        model = _fit_family(prepared, weighted, folder, told, beginning, time_limit=time_limit)
    prepared = ended_fit(prepared, time_limit)
    bounds = fit_bounds(prepared, weighted, progress)
    exported = export(prepared, model, scratch / "bundle", progress, encoded=encoded, bounds=bounds)
    weights = msgspec.structs.replace(weighted.weights, is_calibrated=exported.held_out.calibrator is not None)
    return _Made(prepared, encoded, weights, model, exported)


def _result(
    prepared: Prepared, made: _Made, published: ModelVersion, beginning: Beginning | None, seconds: float
) -> TrainResult:
    model = made.model
    return TrainResult(
        version=published,
        bundle=published.path,
        spec=prepared.resolved.spec,
        evaluation=made.exported.evaluation,
        statistics=prepared.statistics,
        leaks=prepared.leaks,
        notes=(
            *notes_of(prepared, made.encoded, made.weights, made.exported.held_out),
            *warm_start_notes(prepared.resolved.spec, beginning),
            *advice_on(model, prepared.resolved.options),
        ),
        anomalies=prepared.anomalies,
        outliers=prepared.outliers,
        split_counts=prepared.split_counts,
        duration_seconds=seconds,
        model=model,
    )


def run_key(prepared: Prepared, beginning: Beginning | None) -> str:
    """What is trained, on what, by what, from where: a training that is started again has the same, any other has not.

    How often it is saved and where its curves are drawn make no other training of it.
    """
    spec = prepared.resolved.spec
    alike = replace(spec, training=replace(spec.training, tensorboard=False, checkpoint=CheckpointPolicy()))
    parts = (
        msgspec.json.encode(alike, order="sorted"),
        prepared.table.fingerprint().encode(),
        (beginning.identity if beginning else "").encode(),
        prepared.resolved.options.code() if isinstance(prepared.resolved.options, FamilyOptions) else b"",
        run_releases().encode(),
    )
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:24]


def run_about(prepared: Prepared) -> RunAbout:
    """What the run's folder says of it."""
    spec = prepared.resolved.spec
    assert spec.name is not None
    data = spec.data if isinstance(spec.data, str) else ", ".join(spec.data)
    return RunAbout(
        name=spec.name,
        model_type=prepared.resolved.family.name,
        label=spec.label,
        data=data,
        spec=write_yaml(spec),
        releases=run_releases(),
    )


def _fit_family(
    prepared: Prepared, encoded: WeightedSplits, folder: Path, progress: Progress, beginning: Beginning | None, *,
    time_limit: TimeLimit | None,
) -> FittedModel:  # fmt: skip
    """Fit the model on the encoded training rows, watching the eval rows; going on from what `folder` holds."""
    with Preemption() as preemption:
        context = fit_context(
            prepared,
            encoded,
            beginning,
            progress=progress,
            preemption=preemption,
            checkpoints=folder / CHECKPOINTS,
            time_limit=time_limit,
        )
        try:
            model = prepared.resolved.family.fit(encoded.train, encoded.eval, prepared.resolved.options, context)
        except TrainingInterruptedError:
            raise
        except (TrainingError, SpecError):  # the same command would end the same way
            remove_run(folder)
            raise
        if preemption.requested:
            step = "run the same command again: what of this fit was saved is not done again"
            raise PreemptedError(Fault(what="told to end (SIGTERM) when the model was fitted", next_step=step))
        return model


def _publish(slot: VersionSlot, prepared: Prepared, exported: Export, num_rows: int) -> ModelVersion:
    return slot.publish(
        model_type=prepared.resolved.family.name,
        task=prepared.label.task,
        label=prepared.resolved.spec.label,
        spec=prepared.resolved.spec,
        metric=exported.evaluation.headline(),
        num_rows=num_rows,
    )
