"""Which slices do clearly worse than the rest: by the mean loss of their rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hagane.evaluation.checked_input import CheckedInput
from hagane.metrics.log_loss import clipped

Doubles = npt.NDArray[np.float64]
FALSE_ALARMS = 0.05
"""Chance that any slice of an evaluation is called worse where none is."""
FEWEST_ROWS = 10


class SliceGap(NamedTuple):
    """One slice against all other rows."""

    gap: float
    """Mean loss of its rows less that of the others: log loss of classes, absolute error of numbers."""
    p_value: float
    """One-sided: of so large a gap by chance (Welch's test, by the normal distribution)."""


def row_losses(checked: CheckedInput) -> Doubles:
    """[n] log loss of classes; absolute error of numbers, or what their training's loss asks for."""
    if not checked.classes:
        own = checked.asked.rows(checked.labels, checked.scores) if checked.asked else None
        if own is not None and np.isfinite(own).all():
            return own
        with np.errstate(over="ignore"):
            return np.asarray(np.abs(checked.labels - checked.scores), np.float64)
    of_label = (
        np.where(checked.labels == 1, clipped(checked.scores), 1.0 - clipped(checked.scores))
        if len(checked.classes) == 2
        else clipped(checked.scores[np.arange(len(checked.labels)), checked.labels])
    )
    return np.asarray(-np.log(of_label))


def slice_gaps(losses: Doubles, codes: npt.NDArray[np.int64], num_slices: int) -> list[SliceGap | None]:
    """Each slice against the rest: `losses` [n], `codes` [n] the slice of each row; None for few rows.

    >>> losses = np.array([1.0, 1.2, 0.9] * 20 + [2.0, 2.2, 1.9] * 20)
    >>> [gap.p_value < 0.001 for gap in slice_gaps(losses, np.repeat([0, 1], 60), 2)]
    [False, True]
    """
    counts = np.bincount(codes, minlength=num_slices)
    sums = np.bincount(codes, losses, num_slices)
    squares = np.bincount(codes, np.square(losses - losses.mean()) if len(losses) else losses, num_slices)
    total, whole, middle = len(losses), float(losses.sum()), float(losses.mean()) if len(losses) else 0.0
    return [
        _gap(int(counts[i]), float(sums[i]), float(squares[i]), (total, whole, float(squares.sum()), middle))
        for i in range(num_slices)
    ]


def worse_slices(columns: Sequence[Sequence[SliceGap | None]]) -> Iterator[list[bool]]:
    """Of each column which slices are clearly worse, by Bonferroni's correction over all slices of all columns."""
    tests = sum(gap is not None for gaps in columns for gap in gaps)
    limit = FALSE_ALARMS / max(1, tests)
    for gaps in columns:
        yield [gap is not None and gap.gap > 0 and gap.p_value < limit for gap in gaps]


def _gap(count: int, loss: float, square: float, all_rows: tuple[int, float, float, float]) -> SliceGap | None:
    """From sums of the slice and of all rows; squares are about the mean of all, `all_rows[3]`."""
    total, whole, squares, middle = all_rows
    others = total - count
    if count < FEWEST_ROWS or others < FEWEST_ROWS or not math.isfinite(whole + squares):
        return None
    mean, other_mean = loss / count, (whole - loss) / others
    variance = (square / count - (mean - middle) ** 2) / (count - 1)
    variance += ((squares - square) / others - (other_mean - middle) ** 2) / (others - 1)
    gap = mean - other_mean
    if variance <= 0:
        return SliceGap(gap, 0.0 if gap > 0 else 1.0)
    return SliceGap(gap, 0.5 * math.erfc(gap / math.sqrt(2.0 * variance)))
