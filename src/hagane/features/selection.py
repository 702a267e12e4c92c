"""`Selection`: of an encoded batch, the values that go into each column's file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.features.encoded_batches import EncodedBatch
from hagane.features.sparse_rows import SparseRows

Array = npt.NDArray[np.generic]


class ColumnOfPart(NamedTuple):
    """One column of one part of the split."""

    part: int
    number: int
    """Among the columns of the part: features, label, weight."""


class ColumnRows(NamedTuple):
    """The values of a batch for one column's file, and which of them erred."""

    column: ColumnOfPart
    values: Array | SparseRows
    errors: npt.NDArray[np.intp] | None


class SelectedRows(NamedTuple):
    """A batch, ready to be written."""

    rows: list[ColumnRows]
    num_rows: int
    num_null: int
    num_unknown: int
    num_bad_weights: int


class Selection:
    """Takes out of an encoded batch what the missing columns need."""

    def __init__(self, missing: Sequence[ColumnOfPart], wanted: Sequence[int], *, label_number: int) -> None:
        self._missing = missing
        self._place = {number: place for place, number in enumerate(wanted)}
        self._label_number = label_number

    def select(self, batch: EncodedBatch) -> SelectedRows:
        """The values of each missing column among the batch's rows."""
        found: list[ColumnRows] = []
        for part in sorted({column.part for column in self._missing}):
            rows = rows_of_part(batch, part)
            if rows is not None and not len(rows):
                continue
            found += [self._column(batch, column, rows) for column in self._missing if column.part == part]
        num_bad_weights = sum(num_bad(values) for column, values, _ in found if column.number > self._label_number)
        return SelectedRows(found, batch.num_rows, batch.label.num_null, batch.label.num_unknown, num_bad_weights)

    def _column(self, batch: EncodedBatch, column: ColumnOfPart, rows: npt.NDArray[np.intp] | None) -> ColumnRows:
        if column.number == self._label_number:
            return ColumnRows(column, _labels(batch, rows), None)
        if column.number > self._label_number:
            assert batch.weight is not None
            return ColumnRows(column, _taken(batch.weight, rows), None)
        place = self._place[column.number]
        erred = batch.errors[place]
        errors = None if erred is None else np.flatnonzero(_taken(erred, rows))
        return ColumnRows(column, _taken(batch.features.columns[place], rows), errors)


def num_bad(weights: Array | SparseRows) -> int:
    """How many of these weights are NULL (NaN), negative or infinite.

    >>> num_bad(np.array([1, 0, np.nan, -1, np.inf], np.float32))
    3
    """
    numbers = np.asarray(weights, np.float32)
    return int(np.count_nonzero(~((numbers >= 0) & (numbers < np.inf))))


def rows_of_part(batch: EncodedBatch, part: int) -> npt.NDArray[np.intp] | None:
    """The numbers of the rows of a part that have a label; None: all of the batch."""
    kept, parts = batch.label.kept, batch.parts
    if parts is None:
        if part:
            return np.empty(0, np.intp)
        return None if kept is None else np.flatnonzero(kept)
    chosen = parts == part if kept is None else (parts == part) & kept
    rows = np.flatnonzero(chosen)
    return None if len(rows) == batch.num_rows else rows


def _labels(batch: EncodedBatch, rows: npt.NDArray[np.intp] | None) -> Array:
    """The labels of these rows of the batch: `label.values` has those of the kept rows alone."""
    kept = batch.label.kept
    if rows is None or kept is None:
        return _as_array(_taken(batch.label.values, rows))
    return _as_array(batch.label.values[(np.cumsum(kept) - 1)[rows]])


def _taken(values: Array | SparseRows, rows: npt.NDArray[np.intp] | None) -> Array | SparseRows:
    if rows is None:
        return values
    return values.take(rows) if isinstance(values, SparseRows) else np.take(values, rows, axis=0)


def _as_array(values: Array | SparseRows) -> Array:
    assert not isinstance(values, SparseRows)
    return values
