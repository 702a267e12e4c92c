"""Bootstrap: how far metrics would move on other rows of the same kind.

Rows are drawn with replacement, as many as there are, and the metrics of the drawn ones taken, again and again; the
middle 95 % of what comes out is the interval (Efron and Tibshirani 1993, "An introduction to the bootstrap", §13.3:
percentiles). The same draws serve every metric, and every model of a comparison, so that differences are of pairs.

Of very many rows a sub-sample of m of the n is resampled, and the distances from its own figure are divided by
√(n / m): figures like these settle by the square root of the rows (Politis, Romano and Wolf 1999, "Subsampling", §2.2).

Rows count as independent. Where they are not (rows of one customer, one day after another), the truth lies further out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.metrics.weighted_metrics import WeightedMetrics
from hagane.progress import SILENT, Progress

Doubles = npt.NDArray[np.float64]
LEVEL = 0.95
MOST_ROWS = 20_000
"""More rows are sub-sampled."""
CHUNK_NUMBERS = 4_000_000
"""Weights that are held at once."""
FEWEST_DEFINED = 0.9
"""Share of the resamples in which a metric must be defined to have an interval."""


class ConfidenceInterval(msgspec.Struct, frozen=True):
    """Of a metric."""

    low: float
    high: float


class Bootstrap(msgspec.Struct, frozen=True, kw_only=True):
    """How the confidence intervals came about."""

    method: Literal["percentile"] = "percentile"
    level: float = LEVEL
    num_resamples: int
    seed: int
    num_rows: int
    """Rows that were resampled: all, or a sub-sample of very many."""

    @property
    def meaning(self) -> str:
        """One sentence.

        >>> Bootstrap(num_resamples=1000, seed=0, num_rows=200).meaning
        '95 % intervals: percentiles of 1,000 bootstrap resamples of 200 rows (seed 0)'
        """
        drawn = f"{self.num_resamples:,} bootstrap resamples of {self.num_rows:,} rows (seed {self.seed})"
        return f"{100 * self.level:g} % intervals: percentiles of {drawn}"


class Resampled(msgspec.Struct, frozen=True, kw_only=True):
    """The metrics of every resample."""

    bootstrap: Bootstrap
    scale: float
    """√(rows resampled / rows): what distances from the figure are multiplied by."""
    at: dict[str, float]
    """Each metric of the rows that were resampled."""
    values: dict[str, Doubles]
    """Each metric [num_resamples], NaN where undefined."""

    def interval(self, name: str, figure: float | None) -> ConfidenceInterval | None:
        """Around a metric's figure on all rows; None where it is undefined, or in many of the resamples."""
        drawn = self.values.get(name)
        if drawn is None or figure is None:
            return None
        return percentile_interval(drawn - self.at[name], figure, self.scale, self.bootstrap.level)


def percentile_interval(
    distances: Doubles, figure: float, scale: float, level: float = LEVEL
) -> ConfidenceInterval | None:
    """The figure plus the scaled percentiles of the resamples' distances from their own figure.

    >>> percentile_interval(np.linspace(-1, 1, 1001), 5.0, 1.0)
    ConfidenceInterval(low=4.05, high=5.95)
    """
    defined = distances[np.isfinite(distances)]
    if not len(distances) or len(defined) < FEWEST_DEFINED * len(distances):
        return None
    tails = np.quantile(defined, ((1.0 - level) / 2.0, (1.0 + level) / 2.0))
    low, high = (round_off(figure + scale * float(tail)) for tail in tails)
    return ConfidenceInterval(low, high) if math.isfinite(low) and math.isfinite(high) else None


def round_off(value: float) -> float:
    """Twelve significant digits: beyond them sums differ by their order.

    >>> round_off(0.1 + 0.2)
    0.3
    """
    return float(f"{value:.12g}")


def resample(
    models: Sequence[WeightedMetrics], num_rows: int, *, num_resamples: int, seed: int, progress: Progress = SILENT
) -> list[Resampled]:
    """Metrics of each model on the same resamples of `num_rows` rows, which must be at most `MOST_ROWS`."""
    bootstrap = Bootstrap(num_resamples=num_resamples, seed=seed, num_rows=num_rows)
    found: list[dict[str, list[Doubles]]] = [{} for _ in models]
    at_once = max(1, CHUNK_NUMBERS // max(1, num_rows))
    with progress.phase("bootstrap", total=num_resamples, unit="resamples") as phase:
        for weights in _draws(num_rows, num_resamples, seed, at_once):
            for values, measure in zip(found, models, strict=True):
                for name, figures in measure(weights).items():
                    values.setdefault(name, []).append(figures)
            phase.advance(len(weights))
    ones = np.ones((1, num_rows))
    return [
        Resampled(
            bootstrap=bootstrap,
            scale=1.0,
            at={name: float(figures[0]) for name, figures in measure(ones).items()},
            values={name: np.concatenate(parts) for name, parts in values.items()},
        )
        for values, measure in zip(found, models, strict=True)
    ]


def chosen_rows(num_rows: int, seed: int) -> npt.NDArray[np.int64] | None:
    """Which of very many rows are resampled, rising; None: all.

    >>> chosen_rows(10, 0) is None, len(chosen_rows(60_000, 0))
    (True, 20000)
    """
    if num_rows <= MOST_ROWS:
        return None
    return np.sort(np.random.default_rng([seed, 1]).choice(num_rows, MOST_ROWS, replace=False))


def _draws(num_rows: int, num_resamples: int, seed: int, at_once: int) -> Iterator[Doubles]:
    """[b, n] how often each row was drawn, `at_once` resamples at a time."""
    random = np.random.default_rng(seed)
    for start in range(0, num_resamples, at_once):
        size = min(at_once, num_resamples - start)
        weights = np.empty((size, num_rows))
        for row in weights:
            row[:] = np.bincount(random.integers(0, num_rows, num_rows), minlength=num_rows)
        yield weights
