"""Run the feature graph over a table, once, into one `Encoded` a split."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hagane.features.encoded import Encoded
from hagane.features.label import LabelEncoding
from hagane.features.transform import Transform
from hagane.progress import SILENT, Progress

if TYPE_CHECKING:
    from hagane.data.split import Splits
    from hagane.data.table import Table


class EncodedSplits(NamedTuple):
    """What `encode` wrote and met. A split without rows is None (train excepted)."""

    train: Encoded
    eval: Encoded | None
    test: Encoded | None
    num_row_errors: int
    """Rows on which an expression erred (they are kept; the erring value is NULL)."""
    num_null_labels: int
    """Rows left out because their label is NULL."""
    num_unknown_labels: int
    """Rows of eval and test left out because their class is not among the encoding's."""


def encode(table_or_splits: Table | Splits, transform: Transform, label_encoding: LabelEncoding, folder: Path, *,
           progress: Progress = SILENT) -> EncodedSplits:
    """Write `folder`/train, /eval and /test in one pass over the data (a bare Table is all train).

    `folder` appears when all of it is written: an interrupted run leaves nothing under that name.
    """
    raise NotImplementedError
