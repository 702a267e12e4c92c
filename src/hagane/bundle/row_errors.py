"""Which columns are to blame when an expression errs on a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import numpy.typing as npt

from hagane.bundle.faults import MAX_FAULTS, path_to
from hagane.bundle.signature import Signature
from hagane.errors import Fault
from hagane.runtime.layout import ColumnData

Erring = Callable[[Mapping[str, ColumnData]], npt.NDArray[np.bool_]]
_MAX_TRIALS = 4_096
_MAX_CHARACTERS = 1_000_000
"""Of text and elements of arrays in all trials: seconds of work at most."""

_NEXT = "correct the value, or train with `serving: {on_error: null}` to have such rows answered with NULL"


def row_error_faults(
    erring: Erring, signature: Signature, columns: Mapping[str, ColumnData], row_errors: npt.NDArray[np.bool_]
) -> list[Fault]:
    """One fault for each row of `row_errors` [n], at most `MAX_FAULTS`, naming the columns that explain the error.

    A column explains it if the row no longer errs with NULL in the column's place: an expression of NULL is NULL and
    errs on nothing. Found by asking the graph (`erring`), in one batch of at most some thousand rows; where
    several expressions err on different columns of one row, no single column explains it, and none is named; nor is
    one where the texts are so long that asking would take long.
    """
    rows = np.flatnonzero(row_errors)
    names = signature.names
    asked = rows[: min(MAX_FAULTS, _MAX_TRIALS // len(names))]
    sizes = np.cumsum([_size((columns[name] for name in names), row) for row in asked]) * len(names)
    asked = asked[sizes <= _MAX_CHARACTERS]
    blamed = _blamed(erring, signature, columns, asked) if len(asked) else {}
    faults = [_fault(int(row), blamed.get(int(row), ())) for row in rows[:MAX_FAULTS]]
    more = len(rows) - len(faults)
    if more:
        faults.append(Fault(what=f"and {more} more rows", where="instances", next_step="correct these first"))
    return faults


def _size(columns: Iterable[ColumnData], row: np.intp) -> int:
    """Characters of text, and elements of arrays, in a row."""
    taken = [column.take(np.array([row])) for column in columns]
    texts = sum(len(text) for column in taken if column.data.dtype == object for text in column.data)
    return texts + sum(len(column.data) for column in taken)


def _blamed(
    erring: Erring, signature: Signature, columns: Mapping[str, ColumnData], rows: npt.NDArray[np.intp]
) -> dict[int, tuple[str, ...]]:
    """For each of `rows` a trial a column, with NULL in it: trial i * k + j is row i without column j."""
    names, num_columns = signature.names, len(signature.names)
    trials = {}
    for position, name in enumerate(names):
        column = columns[name]
        index = np.repeat(rows, num_columns)
        trials[name] = _with_nulls(column.take(index), slice(position, None, num_columns))
    cleared = ~erring(trials).reshape(len(rows), num_columns)
    return {int(row): tuple(names[j] for j in np.flatnonzero(cleared[i])) for i, row in enumerate(rows)}


def _with_nulls(column: ColumnData, where: slice) -> ColumnData:
    if column.offsets is not None:
        return _with_null_arrays(column, where)
    data = column.data.copy()
    if data.dtype == np.float64:
        data[where] = np.nan
        return ColumnData(data)
    valid = np.ones(len(data), np.bool_) if column.valid is None else column.valid.copy()
    data[where] = "" if data.dtype == object else 0
    valid[where] = False
    return ColumnData(data, valid)


def _with_null_arrays(column: ColumnData, where: slice) -> ColumnData:
    """A NULL array has no elements: those of the rows are left out."""
    assert column.offsets is not None
    valid = np.ones(column.num_rows, np.bool_) if column.valid is None else column.valid.copy()
    valid[where] = False
    lengths = np.diff(column.offsets)
    kept = np.repeat(valid, lengths)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths * valid)])
    element_valid = None if column.element_valid is None else column.element_valid[kept]
    return ColumnData(column.data[kept], valid, offsets, element_valid)


def _fault(row: int, names: tuple[str, ...]) -> Fault:
    where = f"instances[{row}]"
    return Fault(
        what="an expression of the model errs on this row (such as LN of a negative number, 1 / 0, an overflow)",
        where=" or ".join(path_to(where, name) for name in names) or where,
        next_step=_NEXT,
    )
