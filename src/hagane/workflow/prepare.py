"""Everything before a model is fitted: rows read and divided, the spec resolved, the feature graph fitted."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from hagane.anomalies.anomaly_report import AnomalyReport
from hagane.anomalies.outlier_report import OutlierReport
from hagane.data.split import Splits
from hagane.data.table import Table
from hagane.errors import SpecError
from hagane.features.fit import fit_transform
from hagane.features.fit_answers import FitAnswers
from hagane.features.several_labels import Labels
from hagane.features.transform import Transform
from hagane.models.options import FamilyOptions
from hagane.progress import Progress
from hagane.spec.spec import Spec
from hagane.statistics.leaks import Leak
from hagane.statistics.statistics import Statistics
from hagane.workflow.beginning import Beginning
from hagane.workflow.check_class_weights import check_class_weights
from hagane.workflow.check_declared import check_declared
from hagane.workflow.check_held_out import check_held_out
from hagane.workflow.check_rows import with_schema
from hagane.workflow.label_rows import LabelledRows
from hagane.workflow.resolve import Resolved, resolve
from hagane.workflow.shared_rows import Division, SharedRows
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
    spec: Spec,
    frame: object | None,
    progress: Progress,
    *,
    folder: Path,
    beginning: Beginning | None = None,
    shared: SharedRows | None = None,
    divisions: Sequence[Division] = (),
) -> Prepared:
    """Read, divide, measure, resolve and fit the feature graph. Raises HaganeError, see `train`.

    Rows that cannot be parsed are written to `bad_rows` in `folder`, training rows that are outliers to `outliers`.
    With the model of a warm start, `beginning`, its features and classes are taken. What `shared` has done of this
    for another spec is not done again; it stands for `frame` and `folder`, too. With `divisions` of the split's rows,
    what is prepared is none of a bundle's: leaks are not looked for.
    """
    check_declared(spec)
    spec, schema = with_schema(spec)
    shared = shared or SharedRows(frame, folder)
    rows = shared.divided(spec, schema, progress, divisions=divisions)
    labelled, splits, statistics = rows.labelled, rows.splits, rows.statistics
    table, spec = labelled.table, labelled.spec
    resolved = resolve(spec, table.schema, statistics)
    if beginning is not None:
        check_beginning(beginning, resolved.spec, table.schema)
    assert isinstance(resolved.options, FamilyOptions)
    marks = next(iter(resolved.options.marks), "")
    label = label_of(beginning, shared.label(rows, resolved.family.task.value, marks), spec.labels)
    label = labelled.in_order(label) if beginning is None else label
    check_class_weights(spec, label)
    check_held_out(spec, label, splits)
    transform = transform_of(beginning, spec) or _fit(resolved, splits.train, shared.answers, progress)
    _check_options(resolved, transform, label, progress)
    read = frozenset(column.name for column in transform.columns)
    leaks = () if divisions else shared.leaks(rows, spec.labels[:MOST_LABELS], read, progress)
    splits = shared.downsampled(rows, label.column, progress)
    resolved = dataclasses.replace(resolved, spec=labelled.asked(resolved.spec))
    return Prepared(table, splits, statistics, resolved, leaks, label, transform, rows.anomalies, rows.outliers,
                    labelled)  # fmt: skip


def _check_options(resolved: Resolved, transform: Transform, label: Labels, progress: Progress) -> None:
    """Raises SpecError for options that do not go with these features: before anything is encoded."""
    options = resolved.options
    assert isinstance(options, FamilyOptions)
    with progress.phase("try the module") if options.code() else nullcontext():
        faults = options.feature_faults(transform.features, label.num_classes, label.width)
    if faults:
        raise SpecError(*faults)


def _fit(resolved: Resolved, rows: Table, answers: FitAnswers | None, progress: Progress) -> Transform:
    assert resolved.spec.transform is not None
    return fit_transform(
        resolved.features or resolved.spec.transform,
        rows,
        dense_dtype=resolved.family.dense_dtype.__name__,
        accepts_missing=resolved.family.accepts_missing,
        answers=answers,
        progress=progress,
    )
