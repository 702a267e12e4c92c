"""`SeveralLabels`: labels that are predicted at once, each as it would be alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hagane.data.engine import quote_name
from hagane.errors import DataError, Fault, HaganeError
from hagane.features.label import CLASS_TYPES, Class, EncodedLabel, LabelEncoding, fit_label
from hagane.features.no_label import NoLabel
from hagane.types import LabelFreeTask, LabelTask, SqlType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hagane.data.table import Table


class SeveralLabels(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers, or truth values, of several columns. A row counts where every one of them is there.

    >>> fog, rain = (LabelEncoding(column=name, type=SqlType.BOOL, task="classification", classes=(False, True))
    ...              for name in ("fog", "rain"))
    >>> batch = pa.record_batch({"fog": [True, False, None], "rain": [True, True, False]})
    >>> SeveralLabels(each=(fog, rain)).encode_rows(batch).values.tolist()
    [[1, 1], [0, 1]]
    """

    each: tuple[LabelEncoding, ...]
    """At least two, of one task; classes are false and true, or 0 and 1."""

    @property
    def task(self) -> LabelTask:
        """Of all of them."""
        return self.each[0].task

    @property
    def column(self) -> str:
        """What they are called together."""
        return ", ".join(self.columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that they are read from."""
        return tuple(label.column for label in self.each)

    @property
    def classes(self) -> tuple[Class, ...]:
        """None: several labels have no classes in common."""
        return ()

    @property
    def num_classes(self) -> int:
        """Classes of each; 0 for numbers."""
        return self.each[0].num_classes

    @property
    def width(self) -> int:
        """k: values of a row."""
        return len(self.each)

    @property
    def dtype(self) -> str:
        """`uint8` for truth values, `float64` for numbers."""
        return "uint8" if self.task == "classification" else "float64"

    def encode_rows(self, batch: pa.RecordBatch) -> EncodedLabel:
        """The labels [m, k] of the rows of a batch in which all of them are there and known."""
        values: npt.NDArray[np.generic] = np.zeros((batch.num_rows, self.width), self.dtype)
        kept, num_unknown = np.ones(batch.num_rows, np.bool_), 0
        for place, label in enumerate(self.each):
            found = label.encode_rows(batch)
            there = slice(None) if found.kept is None else found.kept
            values[there, place] = found.values
            kept &= True if found.kept is None else found.kept
            num_unknown += found.num_unknown
        num_left_out = int(np.count_nonzero(~kept))
        if not num_left_out:
            return EncodedLabel(values, None, 0, 0)
        num_unknown = min(num_unknown, num_left_out)
        return EncodedLabel(values[kept], kept, num_left_out - num_unknown, num_unknown)


Labels = LabelEncoding | SeveralLabels | NoLabel
"""What a family is trained towards."""


def fit_labels(table: Table, columns: Sequence[str], task: str, marks: str = "") -> Labels:
    """The encoding of one column, or of several at once. Raises DataError with what is wrong of each.

    Of several columns to classify each has the classes false and true (0 and 1), whichever occur in `table`. A task
    without a label has no columns; `marks` is `NoLabel.marks`.
    """
    if not columns:
        assert task in get_args(LabelFreeTask)
        return NoLabel(task=cast(LabelFreeTask, task), marks=marks)
    if len(columns) == 1:
        return fit_label(table, columns[0], task)
    if task != "regression":
        _check_values(table, columns)
    found: list[LabelEncoding] = []
    faults: list[Fault] = []
    for column in columns:
        try:
            found.append(fit_label(table, column, task) if task == "regression" else _truth_values(table, column))
        except HaganeError as error:
            faults += error.faults
    if faults:
        raise DataError(*faults)
    return SeveralLabels(each=tuple(found))


def _check_values(table: Table, columns: Sequence[str]) -> None:
    """Raise DataError for labels that are NULL in every row."""
    counts = table.query("SELECT " + ", ".join(f"count({quote_name(column)})" for column in columns) + " FROM data")
    faults = [
        Fault(
            what=f"the label {column!r} has no value in the training rows",
            where="label",
            expected="true or false (1 or 0) in some row",
            received="NULL in every row",
            next_step="leave it out, or check the query and the split",
        )
        for column, found in zip(columns, counts.columns, strict=True)
        if not found[0].as_py()
    ]
    if faults:
        raise DataError(*faults)


def _truth_values(table: Table, column: str) -> LabelEncoding:
    type_ = table.schema[column].type
    assert type_ in CLASS_TYPES
    classes: tuple[Class, ...] = (False, True) if type_ is SqlType.BOOL else (0, 1)
    return LabelEncoding(column=column, type=type_, task="classification", classes=classes)
