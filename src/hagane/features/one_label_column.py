"""`OneLabelColumn`: one of the labels that a column file of several holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hagane.features.column_file import ColumnFile

Array = npt.NDArray[np.generic]


class OneLabelColumn(ColumnFile):
    """The values at one place of each row, read as those of a column of its own."""

    def __init__(self, file: ColumnFile, place: int) -> None:
        super().__init__(file.path)
        self._place = place

    @property
    def width(self) -> int:
        """One value a row."""
        return 1

    @property
    def values(self) -> Array:
        """[n]."""
        return super().values[:, self._place]

    def read(self, stretches: Sequence[tuple[int, int]]) -> Array:
        """[n] the rows of these stretches, in memory."""
        return super().read(stretches)[:, self._place]
