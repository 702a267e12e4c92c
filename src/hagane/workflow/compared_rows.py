"""`ComparedRows`: on which rows the models of an AutoML run are compared, and on which they are trained for it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from hagane.data.folds import Fold
from hagane.data.training_fraction import TrainingFraction
from hagane.spec.spec import Split
from hagane.workflow.shared_rows import Division

EVAL_ROWS = 5_000
"""Models are compared on about so many rows: fewer tell good ones apart badly, more are better trained on."""
FEWEST_FOLDS, MOST_FOLDS = 3, 10
OWN_EVAL = ("time", "column")
"""Splits whose eval rows are not like any others: they are kept where there are some."""


class ComparedRows(msgspec.Struct, frozen=True, kw_only=True):
    """Folds of the rows of train and eval; the test rows play no part."""

    num_folds: int
    """0: the split's own eval rows."""
    used: tuple[int, ...]
    """Folds that are held out, one after another: numbers from 1."""
    share: float = 1.0
    """Of the other rows: so many are trained on."""
    slowdown: float | None = None
    """How many times as long an iteration takes on all of them: measured; None: as many as there are more rows."""

    @property
    def key(self) -> str:
        """The same for the same rows."""
        return hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(self, slowdown=None))).hexdigest()[:8]

    @property
    def num_fits(self) -> int:
        """Fits of each model."""
        return len(self.used) or 1

    def with_folds(self, number: int) -> ComparedRows:
        """So many of the folds are held out, at most all.

        >>> ComparedRows(num_folds=3, used=(1,)).with_folds(2).used
        (1, 2)
        """
        return msgspec.structs.replace(self, used=tuple(range(1, min(number, self.num_folds) + 1)))

    def divisions(self) -> list[Sequence[Division]]:
        """What divides the split's rows, for each fit."""
        fraction: tuple[Division, ...] = (TrainingFraction(share=self.share),) if self.share < 1 else ()
        if not self.num_folds:
            return [fraction]
        return [(Fold(number=number, count=self.num_folds), *fraction) for number in self.used]


def compared_rows(split: Split, counts: tuple[int, int, int]) -> ComparedRows:
    """One fold of about 5,000 rows, or the split's own eval rows; `counts` are of train, eval and test.

    >>> compared_rows(Split(), (32_000, 4_000, 4_000)), compared_rows(Split(method="time"), (80, 10, 10)).num_folds
    (ComparedRows(num_folds=7, used=(1,), share=1.0, slowdown=None), 0)
    """
    if split.method in OWN_EVAL and counts[1]:
        return ComparedRows(num_folds=0, used=())
    num_folds = min(MOST_FOLDS, max(FEWEST_FOLDS, round(sum(counts[:2]) / EVAL_ROWS)))
    last = num_folds if split.method == "time" else 1  # all that comes before is trained on
    return ComparedRows(num_folds=num_folds, used=(last,))
