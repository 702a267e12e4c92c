"""Learn what a transform's analyzers must know, in the database, from the training rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hagane.features.transform import Transform
from hagane.progress import SILENT, Progress

if TYPE_CHECKING:
    from hagane.data.table import Table


def fit_transform(transform: Mapping[str, str], table: Table, *, dense_dtype: str = "float32",
                  accepts_missing: bool, progress: Progress = SILENT) -> Transform:
    """Fit `transform` (feature name → SQL) on the rows of `table`: the training rows, and no others.

    Implicit steps are made explicit first (`resolve_transform`). Raises ExpressionError with every fault.
    """
    raise NotImplementedError
