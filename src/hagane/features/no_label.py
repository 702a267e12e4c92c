"""`NoLabel`: the label of a model that has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa

from hagane.features.label import EncodedLabel
from hagane.types import LabelFreeTask

if TYPE_CHECKING:
    from hagane.features.label import Class, LabelEncoding


class NoLabel(msgspec.Struct, frozen=True, kw_only=True):
    """Every row counts. Encoded rows have a byte where others have a label: 1 where the column `marks` is TRUE.

    >>> batch = pa.record_batch({"first": [True, None, False]})
    >>> NoLabel(task="clustering", marks="first").encode_rows(batch).values.tolist()
    [1, 0, 0]
    >>> NoLabel(task="clustering").encode_rows(batch).values.tolist()
    [0, 0, 0]
    """

    task: LabelFreeTask
    marks: str = ""
    """A BOOL column that singles rows out for the fit (the initial centroids of k-means); empty for none."""

    @property
    def column(self) -> str:
        """None."""
        return ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it is read from."""
        return (self.marks,) if self.marks else ()

    @property
    def each(self) -> tuple[LabelEncoding, ...]:
        """None."""
        return ()

    @property
    def classes(self) -> tuple[Class, ...]:
        """None."""
        return ()

    @property
    def num_classes(self) -> int:
        """None."""
        return 0

    @property
    def width(self) -> int:
        """Values of a row in encoded rows."""
        return 1

    @property
    def dtype(self) -> str:
        """Of these."""
        return "uint8"

    def encode_rows(self, batch: pa.RecordBatch) -> EncodedLabel:
        """The marks [n] of a batch's rows, all of which are kept."""
        if not self.marks:
            return EncodedLabel(np.zeros(batch.num_rows, np.uint8), None, 0, 0)
        marked = batch.column(self.marks).fill_null(False).to_numpy(zero_copy_only=False)
        return EncodedLabel(marked.astype(np.uint8), None, 0, 0)
