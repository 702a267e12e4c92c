"""The same metrics, for the rows that share a value of one column."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from hagane.evaluation.checked_input import CheckedInput
from hagane.evaluation.evaluation import SliceColumn, SliceMetrics
from hagane.evaluation.measure import Measure, numbers
from hagane.evaluation.slice_gaps import SliceGap, row_losses, slice_gaps, worse_slices

MAX_SLICES = 50
SMALL_BELOW_ROWS = 100
Array = npt.NDArray[Any]


def slice_columns(measure: Measure, checked: CheckedInput) -> tuple[SliceColumn, ...]:
    """Measure each value of each column of `checked.slices` (name → [n] of strings, None for NULL)."""
    losses = row_losses(checked) if checked.slices else np.empty(0)
    sliced = {name: factorize(values) for name, values in checked.slices.items()}
    gaps = {name: slice_gaps(losses, codes, len(names)) for name, (names, codes) in sliced.items()}
    worse = dict(zip(gaps, worse_slices([*gaps.values()]), strict=True))
    return tuple(
        _slice_column(measure, checked, name, each, (gaps[name], worse[name])) for name, each in sliced.items()
    )


def _slice_column(
    measure: Measure,
    checked: CheckedInput,
    name: str,
    sliced: tuple[list[str | None], npt.NDArray[np.int64]],
    found: tuple[list[SliceGap | None], list[bool]],
) -> SliceColumn:
    labels, scores = checked.labels, checked.scores
    (names, codes), (gaps, worse) = sliced, found
    counts = np.bincount(codes, minlength=len(names))
    rows_by_value = np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1]) if len(names) else []
    largest = sorted(range(len(names)), key=lambda code: (-counts[code], names[code] is None, names[code] or ""))
    slices = tuple(
        SliceMetrics(
            value=names[code],
            num_rows=int(counts[code]),
            is_small=bool(counts[code] < SMALL_BELOW_ROWS),
            metrics=numbers(measure(labels[rows_by_value[code]], scores[rows_by_value[code]])),
            loss_gap=gap.gap if (gap := gaps[code]) is not None else None,
            is_worse=worse[code],
        )
        for code in largest[:MAX_SLICES]
    )
    return SliceColumn(column=name, slices=slices, num_values=len(names), small_below_rows=SMALL_BELOW_ROWS)


def factorize(values: Array) -> tuple[list[str | None], npt.NDArray[np.int64]]:
    """The distinct values as text, and [n] which of them each row has; NaN and None are NULL.

    >>> names, codes = factorize(np.array(["b", None, "b"], dtype=object))
    >>> names, codes.tolist()
    (['b', None], [0, 1, 0])
    """
    positions: dict[str | None, int] = {}
    texts = (_text(value) for value in values.tolist())
    codes = np.fromiter((positions.setdefault(text, len(positions)) for text in texts), np.int64, len(values))
    return list(positions), codes


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
