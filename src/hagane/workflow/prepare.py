"""Everything before a model is fitted: rows read and divided, the spec resolved, the feature graph fitted."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hagane.anomalies.anomaly_report import AnomalyReport
from hagane.anomalies.outlier_report import OutlierReport
from hagane.data.downsample import downsample
from hagane.data.open_table import open_table
from hagane.data.split import Splits, split_table
from hagane.data.table import Table
from hagane.errors import SpecError
from hagane.features.fit import fit_transform
from hagane.features.several_labels import Labels
from hagane.features.transform import Transform
from hagane.models.options import FamilyOptions
from hagane.progress import Progress
from hagane.spec.spec import Spec, Split
from hagane.statistics.leaks import Leak
from hagane.statistics.measure import measure_statistics
from hagane.statistics.statistics import Statistics
from hagane.workflow.beginning import Beginning
from hagane.workflow.check_class_weights import check_class_weights
from hagane.workflow.check_declared import check_declared
from hagane.workflow.check_held_out import check_held_out
from hagane.workflow.check_rows import check_rows, expected_columns, with_schema
from hagane.workflow.default_split import with_default_split
from hagane.workflow.label_rows import LabelledRows, label_rows
from hagane.workflow.look_for_leaks import look_for_leaks
from hagane.workflow.outliers import check_outliers, set_outliers_aside
from hagane.workflow.resolve import Resolved, check_with_schema, resolve
from hagane.workflow.schema import wanted_by
from hagane.workflow.warm_start import check_beginning, label_of, transform_of

MOST_LABELS = 10
"""Labels for each of which the columns are looked through for leaks."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a family is fitted on, and what the bundle will say of it."""

    table: Table
    splits: Splits
    statistics: Statistics
    """Of the training rows."""
    resolved: Resolved
    leaks: tuple[Leak, ...]
    label: Labels
    transform: Transform
    anomalies: AnomalyReport | None
    """Where the rows depart from the spec's schema; None where it names none."""
    outliers: OutlierReport | None
    """The training rows that were set aside; None where the spec looks for none."""
    labelled: LabelledRows
    """How the label that the spec names became the columns of `table`."""

    @property
    def split_counts(self) -> dict[str, int]:
        """Rows of each part by name."""
        return dict(zip(("train", "eval", "test"), self.splits.counts, strict=True))


def prepare(
    spec: Spec, frame: object | None, progress: Progress, *, folder: Path, beginning: Beginning | None = None
) -> Prepared:
    """Read, divide, measure, resolve and fit the feature graph. Raises HaganeError, see `train`.

    Rows that cannot be parsed are written to `bad_rows` in `folder`, training rows that are outliers to `outliers`.
    With the model of a warm start, `beginning`, its features and classes are taken.
    """
    check_declared(spec)
    spec, schema = with_schema(spec)
    source, wanted = spec.data if frame is None else frame, wanted_by(schema)
    table = open_table(
        source,
        tables=spec.tables,
        progress=progress,
        bad_rows_folder=folder / "bad_rows",
        wanted=wanted,
        memory_limit=spec.training.memory_limit,
    )
    columns = expected_columns(table, schema)
    check_with_schema(spec, columns, table.unsupported)
    check_outliers(spec.outliers, columns)
    table.check_bad_rows(spec.training.max_bad_rows_fraction)
    table, anomalies = check_rows(table, schema, spec, progress)
    labelled = label_rows(spec, table)
    table, spec = labelled.table, with_default_split(labelled.spec, labelled.table)
    splits, outliers = set_outliers_aside(split_table(table, split_of(spec)), spec, folder / "outliers", progress)
    statistics = measure_statistics(splits.train, progress=progress)
    resolved = resolve(spec, table.schema, statistics)
    if beginning is not None:
        check_beginning(beginning, resolved.spec, table.schema)
    label = label_of(beginning, splits.train, spec.labels, resolved.family.task.value)
    label = labelled.in_order(label) if beginning is None else label
    check_class_weights(spec, label)
    check_held_out(spec, label, splits)
    transform = transform_of(beginning, spec) or _fit(resolved, splits.train, progress)
    _check_options(resolved, transform, label, progress)
    leaks = _suspected_leaks(splits.train, spec.labels, transform, statistics, progress)
    if spec.training.downsample is not None:
        splits = downsample(splits, label.column, spec.training.downsample, seed=spec.training.seed, progress=progress)
    resolved = dataclasses.replace(resolved, spec=labelled.asked(resolved.spec))
    return Prepared(table, splits, statistics, resolved, leaks, label, transform, anomalies, outliers, labelled)


def split_of(spec: Spec) -> Split:
    """The split with the column to stratify by in the place of `true`."""
    return msgspec.structs.replace(spec.split, stratify=spec.label) if spec.split.stratify is True else spec.split


def _suspected_leaks(
    rows: Table, labels: Sequence[str], transform: Transform, statistics: Statistics, progress: Progress
) -> tuple[Leak, ...]:
    """Columns that the features read and that alone predict the label almost perfectly; of many labels the first."""
    read = {column.name for column in transform.columns}
    found = []
    for label in labels[:MOST_LABELS]:
        seen = rows if len(labels) == 1 else rows.select([*read, label])
        found += [leak for leak in look_for_leaks(seen, label, statistics, progress) if leak.column in read]
    return tuple(found)


def _check_options(resolved: Resolved, transform: Transform, label: Labels, progress: Progress) -> None:
    """Raises SpecError for options that do not go with these features: before anything is encoded."""
    options = resolved.options
    assert isinstance(options, FamilyOptions)
    with progress.phase("try the module") if options.code() else nullcontext():
        faults = options.feature_faults(transform.features, label.num_classes, label.width)
    if faults:
        raise SpecError(*faults)


def _fit(resolved: Resolved, rows: Table, progress: Progress) -> Transform:
    assert resolved.spec.transform is not None
    return fit_transform(
        resolved.spec.transform,
        rows,
        dense_dtype=resolved.family.dense_dtype.__name__,
        accepts_missing=resolved.family.accepts_missing,
        progress=progress,
    )
