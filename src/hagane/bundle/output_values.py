"""`OutputValues`: the values of one `OutputColumn` for some rows."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hagane.bundle.output_column import OutputColumn
from hagane.types import SqlType

Array = npt.NDArray[Any]
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


@dataclasses.dataclass(frozen=True)
class OutputValues:
    """n rows of a column.

    >>> from hagane.types import SqlType
    >>> column = OutputColumn(name="tags", type=SqlType.ARRAY_INT64, is_ragged=True)
    >>> values = OutputValues.of(column, {"output.tags": np.array([7, 8, 9]), "rows.tags": np.array([0, 0, 2])}, 3)
    >>> values.rows(), values[1:].rows(), OutputValues.concatenate([values[:1], values[2:]]).rows()
    ([[7, 8], [], [9]], [[], [9]], [[7, 8], [9]])
    """

    column: OutputColumn
    fields: Mapping[str, Array]
    """By field, '' where there are none: [n], or the elements of all rows one after another."""
    offsets: npt.NDArray[np.int64] | None = None
    """[n + 1] of an array: where the elements of each row begin."""
    valid: npt.NDArray[np.bool_] | None = None
    """[n] whether the row's value is there; None: all are."""

    @classmethod
    def of(cls, column: OutputColumn, outputs: Mapping[str, Array], num_rows: int) -> OutputValues:
        """From what the graph answered."""
        fields = {name: outputs[tensor] for name, tensor in column.values.items()}
        offsets = None
        if column.is_ragged:
            offsets = np.searchsorted(outputs[column.rows], np.arange(num_rows + 1)).astype(np.int64)
        elif column.is_array:
            width = next(iter(fields.values())).shape[1]
            fields = {name: values.reshape(-1) for name, values in fields.items()}
            offsets = np.arange(num_rows + 1, dtype=np.int64) * width
        return cls(column, fields, offsets, outputs[column.valid] if column.valid else None)

    def __len__(self) -> int:
        return len(next(iter(self.fields.values()))) if self.offsets is None else len(self.offsets) - 1

    def __getitem__(self, rows: slice) -> OutputValues:
        """The values of neighbouring rows: views."""
        start, stop, _ = rows.indices(len(self))
        valid = None if self.valid is None else self.valid[start:stop]
        if self.offsets is None:
            return OutputValues(
                self.column, {name: each[start:stop] for name, each in self.fields.items()}, None, valid
            )
        first, last = self.offsets[start], self.offsets[max(start, stop)]
        fields = {name: each[first:last] for name, each in self.fields.items()}
        return OutputValues(self.column, fields, self.offsets[start : max(start, stop) + 1] - first, valid)

    @classmethod
    def concatenate(cls, parts: Sequence[OutputValues]) -> OutputValues:
        """One after another; at least one."""
        first = parts[0]
        if len(parts) == 1:
            return first
        fields = {name: np.concatenate([part.fields[name] for part in parts]) for name in first.fields}
        marks = [part.valid for part in parts if part.valid is not None]
        valid = np.concatenate(marks) if marks else None
        offsets = None
        if first.offsets is not None:
            lengths = [np.diff(part.offsets) for part in parts if part.offsets is not None]
            offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths))]).astype(np.int64)
        return cls(first.column, fields, offsets, valid)

    @property
    def arrays(self) -> tuple[Array | None, ...]:
        """All that it holds, to be compared."""
        return (*self.fields.values(), self.offsets, self.valid)

    def rows(self) -> list[Any]:
        """Plain Python, as JSON has it: a STRUCT is a dict; NULL and numbers that are not finite are None."""
        lists = [_plain(self.fields[name], type_) for name, type_ in self.column.types.items()]
        values: list[Any] = lists[0]
        if self.column.fields:
            values = [dict(zip(self.column.types, each, strict=True)) for each in zip(*lists, strict=True)]
        if self.offsets is not None:
            places = self.offsets.tolist()
            values = [values[start:stop] for start, stop in itertools.pairwise(places)]
        if self.valid is None:
            return values
        return [value if is_there else None for value, is_there in zip(values, self.valid.tolist(), strict=True)]


def _plain(values: Array, type_: SqlType) -> list[Any]:
    if type_ is SqlType.FLOAT64:
        return [value if value - value == 0 else None for value in values.tolist()]
    write: Callable[[Any], Any] | None = {SqlType.TIMESTAMP: _timestamp, SqlType.DATE: _date}.get(type_)
    return values.tolist() if write is None else [write(value) for value in values.tolist()]


def _timestamp(microseconds: int) -> str:
    """As a row to predict would have it.

    >>> _timestamp(1_500_000), _date(1)
    ('1970-01-01T00:00:01.500000Z', '1970-01-02')
    """
    return (EPOCH + datetime.timedelta(microseconds=microseconds)).isoformat().replace("+00:00", "Z")


def _date(days: int) -> str:
    return (EPOCH.date() + datetime.timedelta(days=days)).isoformat()
