"""`SharedRows`: rows read, checked, divided and measured once for all trainings that ask the same of them.

Each step is known by the parts of a spec that it depends on, and by the steps before it. A spec that differs elsewhere
(a bucket count, a learning rate, the family) is given what is there; one that differs in `split.seed` has its rows
divided anew, and all that follows, but not read again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from hagane.anomalies.anomaly_report import AnomalyReport
from hagane.anomalies.outlier_report import OutlierReport
from hagane.data.downsample import downsample
from hagane.data.open_table import open_table
from hagane.data.split import Splits, split_table
from hagane.data.table import Table
from hagane.errors import Fault
from hagane.features.fit_answers import FitAnswers
from hagane.features.several_labels import Labels, fit_labels
from hagane.models import get_family
from hagane.progress import Progress
from hagane.spec.data_schema import DataSchema
from hagane.spec.spec import Model, Spec
from hagane.statistics.leaks import Leak
from hagane.statistics.measure import measure_statistics
from hagane.statistics.statistics import Statistics
from hagane.workflow.check_rows import CheckedTable, check_rows, expected_columns
from hagane.workflow.default_split import with_default_split
from hagane.workflow.label_rows import LabelledRows, label_rows
from hagane.workflow.look_for_leaks import look_for_leaks
from hagane.workflow.outliers import check_outliers, columns_to_score, set_outliers_aside
from hagane.workflow.resolve import check_with_schema
from hagane.workflow.schema import wanted_by
from hagane.workflow.split_of import split_of

MOST_KEPT = 16
"""Answers that each step keeps: several where a part of the spec on which it depends is searched, and over folds."""
Division = Callable[[Splits], Splits]
"""A Struct that divides the rows of a split again: `hagane.data.folds.Fold`, `hagane.data.training_fraction`."""
T = TypeVar("T")
Key = tuple[object, ...]


class DividedRows(NamedTuple):
    """The rows of a training, before anything is learned from them but what they are."""

    labelled: LabelledRows
    """With the spec that has its label and its split written out."""
    splits: Splits
    anomalies: AnomalyReport | None
    outliers: OutlierReport | None
    """The training rows that were set aside; None where the spec looks for none."""
    statistics: Statistics
    """Of the training rows."""
    key: Key
    """What all of this depends on."""
    whole: tuple[Splits, Key]
    """As the spec alone divides them: a label has the classes of all training rows, whatever division is trained on."""


class SharedRows:
    """The rows that specs name (`frame` stands in for `data` where given), for one process.

    Rows that cannot be parsed are written to `bad_rows` in `folder`, training rows that are outliers to `outliers`.
    Several threads may ask at once: a step that one of them takes the others wait for. `answers` are what fits on these
    rows have asked of them.
    """

    def __init__(self, frame: object | None, folder: Path, *, answers: FitAnswers | None = None) -> None:
        self._frame, self._folder = frame, folder
        self.answers = answers
        self._kept: dict[str, dict[bytes, Any]] = {}
        self._lock = threading.RLock()

    def divided(
        self, spec: Spec, schema: DataSchema | None, progress: Progress, *, divisions: Sequence[Division] = ()
    ) -> DividedRows:
        """The rows of `spec`, whose schema is read: divided, without outliers, and measured. Raises HaganeError.

        By its split, then by each of the `divisions` in turn.
        """
        source: Key = (
            None if self._frame is not None else spec.data,
            spec.tables,
            spec.dialect,
            spec.schema,
            spec.training.memory_limit,
        )
        table = self._once("open", source, lambda: self._open(spec, schema, progress))
        self._check(spec, schema, table)
        checked_key = (*source, spec.anomalies)
        checked = self._once("check", checked_key, lambda: check_rows(table, schema, spec, progress))
        labelled, label_key = self._labelled(spec, checked, checked_key)
        rows, spec = labelled.table, labelled.spec
        split_key = (*label_key, split_of(spec))
        splits = self._once("split", split_key, lambda: split_table(rows, split_of(spec)))
        whole = (splits, split_key)
        for division in divisions:
            split_key = (*split_key, division)
            splits = self._once("divide", split_key, partial(division, splits))
        aside_key = (*split_key, spec.outliers, *_scored(spec, rows))
        kept = self._once(
            "outliers", aside_key, lambda: set_outliers_aside(splits, spec, self._folder / "outliers", progress)
        )
        train = kept.splits.train
        measure = partial(measure_statistics, train, progress=progress)
        statistics = self._once(
            "statistics", aside_key, lambda: self._remembered("statistics", train, (), Statistics, measure)
        )
        whole = whole if divisions else (kept.splits, aside_key)
        return DividedRows(labelled, kept.splits, checked.anomalies, kept.outliers, statistics, aside_key, whole)

    def label(self, rows: DividedRows, task: str, marks: str = "") -> Labels:
        """How the label becomes what a family is trained towards; `task` is the family's, `marks` its options'."""
        labels, (splits, key) = rows.labelled.spec.labels, rows.whole
        return self._once("label", (*key, labels, task, marks), lambda: fit_labels(splits.train, labels, task, marks))

    def leaks(self, rows: DividedRows, labels: Sequence[str], read: frozenset[str], progress: Progress
              ) -> tuple[Leak, ...]:  # fmt: skip
        """Of the columns `read` those that alone predict one of `labels` almost perfectly.

        Of one label every column is looked at, of several those that are read: each costs a scan.
        """
        is_one = len(rows.labelled.spec.labels) == 1
        found: list[Leak] = []
        for label in labels:
            key = (*rows.key, label, () if is_one else tuple(sorted(read)))
            seen = rows.splits.train if is_one else rows.splits.train.select([*sorted(read), label])
            search = partial(look_for_leaks, seen, label, rows.statistics, progress)
            found += self._once("leaks", key, partial(self._remembered, "leaks", seen, label, tuple[Leak, ...], search))
        return tuple(leak for leak in found if leak.column in read)

    def downsampled(self, rows: DividedRows, column: str, progress: Progress) -> Splits:
        """The splits without the training rows of the most frequent class that the spec leaves out."""
        training = rows.labelled.spec.training
        wanted, seed = training.downsample, training.seed
        if wanted is None:
            return rows.splits
        return self._once(
            "downsample",
            (*rows.key, wanted, column, seed),
            lambda: downsample(rows.splits, column, wanted, seed=seed, progress=progress),
        )

    def _remembered(self, kind: str, table: Table, about: object, type: Any, make: Callable[[], T]) -> T:
        """What another process may have found out of these rows already."""
        if self.answers is None:
            return make()
        found: T = self.answers.remember(kind, table, about, type, make)
        return found

    def _open(self, spec: Spec, schema: DataSchema | None, progress: Progress) -> Table:
        return open_table(
            spec.data if self._frame is None else self._frame,
            tables=spec.tables,
            dialect=spec.dialect,
            progress=progress,
            bad_rows_folder=self._folder / "bad_rows",
            wanted=wanted_by(schema),
            memory_limit=spec.training.memory_limit,
        )

    def _check(self, spec: Spec, schema: DataSchema | None, table: Table) -> None:
        """What costs no look at the rows is checked of every spec."""
        columns = expected_columns(table, schema)
        unsupported: Sequence[Fault] = table.unsupported
        check_with_schema(spec, columns, unsupported)
        check_outliers(spec.outliers, columns)
        table.check_bad_rows(spec.training.max_bad_rows_fraction)

    def _labelled(self, spec: Spec, checked: CheckedTable, key: Key) -> tuple[LabelledRows, Key]:
        """The columns of the label, and the split where the spec leaves it open; the rest of the spec as it is.

        Whether a label goes with the rest of a spec is checked anew where anything but features and options differs.
        """
        rest = msgspec.structs.replace(spec, transform=None, tuning=None, model=Model(type=spec.model.type))
        found = self._once("label rows", (*key, rest), lambda: label_rows(spec, checked.table))
        task = None if spec.model.type == "auto" else get_family(spec.model.type).task.value
        own = (*key, spec.label, spec.label_form, task, found.spec.label, found.form)
        table = self._once("labelled rows", own, lambda: found.table)
        split = self._once("default split", (*own, spec.split, spec.defaults),
                           lambda: with_default_split(found.spec, table).split)  # fmt: skip
        type_ = found.spec.model.type if spec.model.type == "auto" else spec.model.type
        spec = msgspec.structs.replace(
            spec, name=found.spec.name, label=found.spec.label, label_form=found.spec.label_form, split=split,
            model=msgspec.structs.replace(spec.model, type=type_),
        )  # fmt: skip
        return replace(found, table=table, spec=spec), own

    def _once(self, step: str, key: Key, make: Callable[[], T]) -> T:
        """What `make` gives, made once for a key."""
        digest = msgspec.json.encode(key, order="sorted")
        with self._lock:
            kept = self._kept.setdefault(step, {})
            if digest in kept:
                kept[digest] = kept.pop(digest)  # the one used last is the last to go
                return kept[digest]  # type: ignore[no-any-return]
            made = make()
            kept[digest] = made
            if len(kept) > MOST_KEPT:
                del kept[next(iter(kept))]
            return made


def _scored(spec: Spec, rows: Table) -> Key:
    """What decides which rows are outliers besides the rules: an isolation forest's seed, and the columns it sees."""
    if spec.outliers is None:
        return ()
    if spec.outliers.isolation_score is None:
        return (spec.training.seed,)
    return (spec.training.seed, columns_to_score(spec.outliers, spec, rows.schema))
