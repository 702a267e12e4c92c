"""`train`: from a spec to a registered bundle, the whole way of the data in one function a step."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from hagane.bundle.bundle import Bundle
from hagane.bundle.write_bundle import write_bundle
from hagane.data.open_table import open_table
from hagane.data.split import Splits, split_table
from hagane.data.table import Table
from hagane.evaluation.evaluation import Evaluation
from hagane.features.encode import EncodedSplits, encode
from hagane.features.fit import fit_transform
from hagane.features.label import LabelEncoding, fit_label
from hagane.features.transform import Transform
from hagane.models.family import FitContext, FittedModel
from hagane.progress import SILENT, Progress
from hagane.spec.check import check_spec
from hagane.spec.spec import Spec
from hagane.statistics.leaks import Leak
from hagane.statistics.measure import measure_statistics
from hagane.statistics.statistics import Statistics
from hagane.workflow.build_graph import build_graph
from hagane.workflow.documents import bundle_documents, split_counts
from hagane.workflow.look_for_leaks import look_for_leaks
from hagane.workflow.resolve import Resolved, check_names, resolve
from hagane.workflow.score import report, score_table
from hagane.workflow.sign import sign
from hagane.workflow.verify_export import verify_export
from hagane.workspace.model_version import ModelVersion
from hagane.workspace.workspace import Workspace


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
    split_counts: dict[str, int]
    duration_seconds: float
    model: FittedModel


def train(spec: Spec, *, workspace: Workspace, frame: object | None = None, progress: Progress = SILENT) -> TrainResult:
    """Train what `spec` declares and register the bundle in `workspace`.

    `frame` (Arrow, pandas, Polars) stands in for `spec.data` where given. Raises HaganeError: SpecError with every
    fault of the spec, DataError, BadRowsError, TrainingError, or BundleError if the bundle does not reproduce training.
    """
    began = time.monotonic()
    check_spec(spec)
    table = open_table(spec.data if frame is None else frame, tables=spec.tables, progress=progress)
    check_names(spec, table.schema)
    splits = split_table(table, spec.split)
    statistics = measure_statistics(splits.train, progress=progress)
    table.check_bad_rows(spec.training.max_bad_rows_fraction)
    resolved = resolve(spec, table.schema, statistics)
    leaks = suspected_leaks(splits.train, resolved, statistics, progress)
    label = fit_label(splits.train, spec.label, resolved.family.task.value)
    transform = fit(resolved, splits.train, progress)
    assert resolved.spec.name is not None
    with workspace.scratch() as scratch, workspace.new_version(resolved.spec.name) as slot:
        encoded = encode(splits, transform, label, scratch / "encoded", progress=progress)
        model = fit_family(resolved, encoded, label, progress)
        graph = build_graph(transform, model, label, threshold=resolved.spec.evaluation.threshold)
        signature = sign(resolved, table, transform, label, statistics)
        trial = Bundle.load(write_bundle(scratch / "bundle", model=graph, signature=signature))
        verification = verify_export(trial, splits.train, transform, model, resolved.family)
        evaluation = evaluate_held_out(trial, splits, label, resolved.spec, progress)
        documents = bundle_documents(
            resolved.spec,
            statistics=statistics,
            evaluation=evaluation,
            transform=transform,
            model=model,
            table=table,
            splits=splits,
            verification=verification,
            seconds=time.monotonic() - began,
        )
        write_bundle(slot.path, model=graph, signature=signature, documents=documents)
        version = slot.publish(
            model_type=resolved.family.name,
            task=label.task,
            label=spec.label,
            spec=resolved.spec,
            metric=evaluation.headline(),
            num_rows=encoded.train.num_rows,
        )
    return TrainResult(
        version=version,
        bundle=version.path,
        spec=resolved.spec,
        evaluation=evaluation,
        statistics=statistics,
        leaks=leaks,
        notes=notes_of(table, resolved, encoded),
        split_counts=split_counts(splits),
        duration_seconds=time.monotonic() - began,
        model=model,
    )


def fit(resolved: Resolved, rows: Table, progress: Progress) -> Transform:
    """Fit the feature graph on the training rows, as the family wants its features."""
    assert resolved.spec.transform is not None
    return fit_transform(
        resolved.spec.transform,
        rows,
        dense_dtype=resolved.family.dense_dtype.__name__,
        accepts_missing=resolved.family.accepts_missing,
        progress=progress,
    )


def fit_family(resolved: Resolved, encoded: EncodedSplits, label: LabelEncoding, progress: Progress) -> FittedModel:
    """Fit the model on the encoded training rows, watching the eval rows."""
    context = FitContext(
        features=encoded.train.features,
        num_classes=len(label.classes),
        seed=resolved.spec.training.seed,
        progress=progress,
    )
    return resolved.family.fit(encoded.train, encoded.eval, resolved.options, context)


def suspected_leaks(rows: Table, resolved: Resolved, statistics: Statistics, progress: Progress) -> tuple[Leak, ...]:
    """Columns that the features read and that alone predict the label almost perfectly."""
    assert resolved.spec.transform is not None
    found = look_for_leaks(rows, resolved.spec.label, statistics, progress)
    read = used_columns(resolved.spec.transform, rows)
    return tuple(leak for leak in found if leak.column in read)


def used_columns(transform: dict[str, str], rows: Table) -> set[str]:
    """The raw columns that the expressions read."""
    from hagane.sql.bind import bind_all
    from hagane.sql.expression import columns_of

    return {name for expression in bind_all(transform, rows.schema).values() for name in columns_of(expression)}


def evaluate_held_out(
    bundle: Bundle, splits: Splits, label: LabelEncoding, spec: Spec, progress: Progress
) -> Evaluation:
    """Evaluate on the test rows; without any, on the eval rows; without those, on the training rows."""
    counts = split_counts(splits)
    part = next((name for name in ("test", "eval") if counts[name]), "train")
    wanted = spec.evaluation
    scored = score_table(bundle, getattr(splits, part), label, slices=wanted.slices, progress=progress)
    return report(scored, bundle.signature, wanted, part=part)


def notes_of(table: Table, resolved: Resolved, encoded: EncodedSplits) -> tuple[str, ...]:
    """What happened on the way that the user should know, a sentence each."""
    notes = [f"{fault.what} ({fault.next_step})" for fault in table.unsupported]
    notes += [f"column '{left.column}' was left out: {left.reason}" for left in resolved.left_out]
    if table.bad_rows.count:
        bad = table.bad_rows
        notes.append(f"{bad.count:,} of {bad.total:,} rows could not be parsed; they are in {bad.path}")
    if encoded.num_null_labels:
        notes.append(f"{encoded.num_null_labels:,} rows without a label were not used")
    if encoded.num_unknown_labels:
        unknown = f"{encoded.num_unknown_labels:,} eval or test rows"
        notes.append(f"{unknown} have a class that no training row has; they were not used")
    if encoded.num_row_errors:
        causes = "LN of a negative number, division by zero, …"
        notes.append(f"an expression erred on {encoded.num_row_errors:,} rows ({causes}): NULL was used")
    if encoded.eval is None:
        notes.append("there are no eval rows, so nothing watched for overfitting")
    return tuple(notes)
