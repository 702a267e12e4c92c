"""The label: which column, which task, and which number each class is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.errors import DataError, Fault
from hagane.types import SqlType

if TYPE_CHECKING:
    import pyarrow as pa

    from hagane.data.table import Table

Class = bool | int | str
MAX_CLASSES = 1_000


class EncodedLabel(NamedTuple):
    """Labels of a batch, those of the kept rows alone.

    `values` is [m] int64 classes or float64, `kept` [n] bool says of which rows (None: of all).
    """

    values: npt.NDArray[np.generic]
    kept: npt.NDArray[np.bool_] | None
    num_null: int
    """Rows left out because the label is NULL (or not finite, for regression)."""
    num_unknown: int
    """Rows left out because their class was not there in the rows that the encoding was made from."""


class LabelEncoding(msgspec.Struct, frozen=True, kw_only=True):
    """How the label column becomes what a family is trained on: class numbers in ascending order, or the number itself."""

    column: str
    type: SqlType
    task: Literal["classification", "regression"]
    classes: tuple[Class, ...] = ()
    """Ascending (strings by Unicode code point); the last of two is the positive class. Empty for regression."""

    @property
    def dtype(self) -> str:
        """`int64` for classes, `float64` for regression."""
        return "int64" if self.task == "classification" else "float64"

    def encode(self, array: pa.Array) -> EncodedLabel:
        """The label of a batch (plain or dictionary array of `type`)."""
        raise NotImplementedError


def fit_label(table: Table, column: str, task: str) -> LabelEncoding:
    """The encoding of `column`, its classes read from `table` (the training rows).

    `task` is 'classification' or 'regression'. Raises DataError where the column is missing or of a type that the task
    cannot have, where classification finds fewer than two classes or more than 1,000.
    """
    raise NotImplementedError
