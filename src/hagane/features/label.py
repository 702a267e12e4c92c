"""The label: which column, which task, and which number each class is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hagane.errors import DataError, Fault, nearest
from hagane.types import LabelTask, SqlType

if TYPE_CHECKING:
    from hagane.data.table import Table

Class = bool | int | str
MAX_CLASSES, FEW_CLASSES = 1_000, 10
CLASS_TYPES = (SqlType.BOOL, SqlType.INT64, SqlType.STRING, SqlType.FLOAT64)
NUMBER_TYPES = (SqlType.INT64, SqlType.FLOAT64, SqlType.BOOL)


class EncodedLabel(NamedTuple):
    """Labels of a batch, those of the kept rows alone.

    `values` is [m] int64 classes or float64 (of several labels [m, k]); `kept` [n] bool says of which rows, None: all.
    """

    values: npt.NDArray[np.generic]
    kept: npt.NDArray[np.bool_] | None
    num_null: int
    """Rows left out because the label is NULL (or not finite, for regression)."""
    num_unknown: int
    """Rows left out because their class was not there in the rows that the encoding was made from."""


class LabelEncoding(msgspec.Struct, frozen=True, kw_only=True):
    """How the label column becomes what a family is trained on: class numbers in ascending order, or the number itself.

    >>> encoding = LabelEncoding(column="late", type=SqlType.STRING, task="classification", classes=("no", "yes"))
    >>> encoding.encode(pa.array(["yes", None, "no", "perhaps"]))
    EncodedLabel(values=array([1, 0]), kept=array([ True, False,  True, False]), num_null=1, num_unknown=1)
    """

    column: str
    type: SqlType
    task: LabelTask
    classes: tuple[Class, ...] = ()
    """Ascending (strings by Unicode code point), of a one-hot label in the order of its columns; the last of two is the
    positive class. Empty for regression."""

    @property
    def dtype(self) -> str:
        """`int64` for classes, `float64` for regression."""
        return "int64" if self.task == "classification" else "float64"

    @property
    def num_classes(self) -> int:
        """Classes; 0 for a number."""
        return len(self.classes)

    @property
    def width(self) -> int:
        """Values of a row."""
        return 1

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is read from."""
        return (self.column,)

    @property
    def each(self) -> tuple[LabelEncoding, ...]:
        """The labels that are predicted."""
        return (self,)

    def encode_rows(self, batch: pa.RecordBatch) -> EncodedLabel:
        """The label of the rows of a batch that has its column."""
        return self.encode(batch.column(self.column))

    def encode(self, array: pa.Array[Any]) -> EncodedLabel:
        """The label of a batch: an array of `type`, strings plain or dictionary-encoded."""
        if self.task == "regression":
            numbers = np.asarray(array.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
            return _kept(numbers, np.isfinite(numbers), num_null=None)
        classes = self._class_numbers(array)
        return _kept(classes, classes >= 0, num_null=array.null_count)

    def _class_numbers(self, array: Any) -> npt.NDArray[np.int64]:
        """[n]: the class number, -1 where NULL or none of the classes."""
        if pa.types.is_dictionary(array.type):
            words = np.append(self._class_numbers(array.dictionary), np.int64(-1))
            return np.asarray(words[np.asarray(array.indices.fill_null(len(words) - 1))], np.int64)
        values = array.cast(pa.float64()) if self.type is SqlType.FLOAT64 else array
        found = pc.index_in(values, value_set=pa.array(self.classes, ARROW_CLASS_TYPES[self.type]), skip_nulls=True)
        return np.asarray(found.fill_null(-1), np.int64)


ARROW_CLASS_TYPES: dict[SqlType, Any] = {
    SqlType.BOOL: pa.bool_(),
    SqlType.INT64: pa.int64(),
    SqlType.STRING: pa.string(),
    SqlType.FLOAT64: pa.float64(),
}


def _kept(values: npt.NDArray[np.generic], kept: npt.NDArray[np.bool_], num_null: int | None) -> EncodedLabel:
    left_out = int(len(kept) - np.count_nonzero(kept))
    if not left_out:
        return EncodedLabel(values, None, 0, 0)
    nulls = left_out if num_null is None else num_null
    return EncodedLabel(values[kept], kept, nulls, left_out - nulls)


def fit_label(table: Table, column: str, task: str) -> LabelEncoding:
    """The encoding of `column`, its classes read from `table` (the training rows).

    `task` is 'classification' or 'regression'. Whole FLOAT64 labels are classes like INT64 (a NULL among integers makes
    them so in many tools). Raises DataError where the column is missing or of a type that the task cannot have, and
    where classification finds fewer than two classes or more than 1,000.
    """
    if column not in table.schema:
        raise DataError(Fault(what=f"no column {column!r}", where="label", nearest=nearest(column, table.schema.names)))
    type_ = table.schema[column].type
    if task == "regression":
        if type_ not in NUMBER_TYPES:
            raise DataError(_type_fault(column, type_, "a number", "choose a classifier, or CAST it in the data query"))
        _check_numbers(table, column, type_)
        return LabelEncoding(column=column, type=type_, task="regression")
    if type_ not in CLASS_TYPES:
        raise DataError(_type_fault(column, type_, "BOOL, INT64 or STRING", "CAST it to STRING in the data query"))
    return LabelEncoding(column=column, type=type_, task="classification", classes=_classes(table, column, type_))


def _classes(table: Table, column: str, type_: SqlType) -> tuple[Class, ...]:
    quoted = _quoted(column)
    sql = f"SELECT DISTINCT {quoted} AS class FROM data WHERE {quoted} IS NOT NULL LIMIT {MAX_CLASSES + 1}"
    found: list[Any] = table.query(sql).column("class").to_pylist()
    if type_ is SqlType.FLOAT64:
        if not all(float(value).is_integer() for value in found):
            step = "choose a regressor, or CAST it to STRING in the data query"
            raise DataError(_type_fault(column, type_, "whole numbers as classes", step))
        found = [int(value) for value in found]
    if not 2 <= len(found) <= MAX_CLASSES:
        raise DataError(_count_fault(column, found))
    if len(found) > FEW_CLASSES and 2 * len(found) > table.num_rows:
        raise DataError(_own_class_fault(column, len(found), table.num_rows))
    return tuple(sorted(found))


def _check_numbers(table: Table, column: str, type_: SqlType) -> None:
    """Raise DataError where no row has a number to learn from."""
    quoted = _quoted(column)
    there = f"isfinite({quoted})" if type_ is SqlType.FLOAT64 else f"{quoted} IS NOT NULL"
    if table.query(f"SELECT 1 FROM data WHERE {there} LIMIT 1").num_rows:
        return
    raise DataError(
        Fault(
            what=f"the label {column!r} has no number in the training rows",
            where="label",
            expected="a number in some row",
            received="NULL, NaN or infinity in every row" if type_ is SqlType.FLOAT64 else "NULL in every row",
            next_step="check the query, the label and the split",
        )
    )


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _type_fault(column: str, type_: SqlType, expected: str, next_step: str) -> Fault:
    return Fault(
        what=f"the label {column!r} does not fit the task",
        where="label",
        expected=expected,
        received=type_.value,
        next_step=next_step,
    )


def _own_class_fault(column: str, num_classes: int, num_rows: int) -> Fault:
    return Fault(
        what=f"nearly every training row has a class of its own in the label {column!r}",
        where="label",
        expected="classes that occur several times each",
        received=f"{num_classes:,} classes in {num_rows:,} rows",
        next_step="choose another label, or a regressor for a number, or group classes in the data query",
    )


def _count_fault(column: str, found: list[Any]) -> Fault:
    if len(found) > MAX_CLASSES:
        return Fault(
            what=f"the label {column!r} has too many classes",
            where="label",
            expected=f"at most {MAX_CLASSES:,}",
            received=f"more than {MAX_CLASSES:,}",
            next_step="choose a regressor, or group classes in the data query",
        )
    return Fault(
        what=f"the label {column!r} has fewer than two classes in the training rows",
        where="label",
        expected="two classes or more",
        received=f"only {found[0]!r}" if found else "NULL in every row",
        next_step="check the query, the label and the split",
    )
