"""`judge_curve`: whether a training learned its rows by heart, or had not learned all there was.

The rule. b is the iteration with the lowest eval loss, σ the noise of the eval losses: 1.4826 × the median absolute
second difference / √6, which no smooth trend moves. A trend is judged by the Mann-Kendall test (one-sided, normal
approximation), its size is the Theil-Sen slope × the length; neither is moved by single values. Longer spans are cut
into 100 blocks, of which the medians count.

*Overfitting*: after b come at least 4 iterations, over which the eval losses rise (5 % level) by at least 4 σ and 1 %
of the lowest, while the training losses fall. The iteration b itself does not count: after the lowest of equal values
every other one is higher. On curves that stay level under independent noise this fires in less than 1 % (measured).

*Underfitting*: the iterations ran out, and over the last quarter of them (at least 4) the eval losses fall (5 % level)
by at least 5 σ and 2 % of the last, and the training losses with them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hagane.models.family import Iteration

Losses = npt.NDArray[np.float64]
LEAST_SPAN = 4
MOST_BLOCKS = 100
SURE = 1.645
"""5 % of the standard normal distribution lie beyond."""
RISE_SIGMAS, FALL_SIGMAS = 4.0, 5.0
LEAST_RISE, LEAST_FALL = 0.01, 0.02


class CurveVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the losses say from iteration `first` to `last`, as medians of a few iterations at either end."""

    kind: Literal["overfitting", "underfitting"]
    first: int
    last: int
    eval_loss: tuple[float, float]
    loss: tuple[float, float]


def judge_curve(curve: Sequence[Iteration], max_iterations: int | None = None) -> CurveVerdict | None:
    """What is wrong with the curve, where that is sure; None where nothing is, or too little is known.

    `max_iterations` is where the training would have ended by itself (None: unknown, nothing is said of underfitting).

    >>> rising = [Iteration(iteration=i, loss=1 / i, eval_loss=abs(i - 5) / 10 + 1) for i in range(1, 12)]
    >>> found = judge_curve(rising)
    >>> found.kind, found.first, found.last, found.eval_loss
    ('overfitting', 5, 11, (1.0, 1.6))
    """
    watched = [each for each in curve if each.eval_loss is not None and math.isfinite(each.eval_loss + each.loss)]
    if len(watched) <= LEAST_SPAN:
        return None
    losses = np.array([each.loss for each in watched])
    eval_losses = np.array([each.eval_loss for each in watched], np.float64)
    if (found := _overfitting(watched, losses, eval_losses)) is not None:
        return found
    if max_iterations is None or watched[-1].iteration < max_iterations:
        return None
    return _underfitting(watched, losses, eval_losses)


def noise(losses: Losses) -> float:
    """The deviation of independent noise on a smooth curve.

    >>> round(noise(np.random.default_rng(0).normal(0, 0.5, 10_000) + np.linspace(0, 9, 10_000) ** 2), 2)
    0.5
    """
    if len(losses) < 3:
        return 0.0
    return float(1.4826 * np.median(np.abs(np.diff(losses, 2))) / math.sqrt(6))


def trend(losses: Losses) -> tuple[float, float]:
    """Mann and Kendall's z (> 0: rising) of the losses, and by how much they change from first to last (Theil, Sen).

    >>> z, change = trend(np.array([1.0, 2.0, 3.0, 9.0, 5.0]))
    >>> round(z, 2), round(change, 2)
    (1.71, 5.0)
    """
    n = len(losses)
    i, j = np.triu_indices(n, 1)
    pairs = np.sign(losses[j] - losses[i]).sum()
    z = (abs(pairs) - 1) * np.sign(pairs) / math.sqrt(n * (n - 1) * (2 * n + 5) / 18) if pairs else 0.0
    return float(z), float(np.median((losses[j] - losses[i]) / (j - i)) * n)


def _overfitting(watched: Sequence[Iteration], losses: Losses, eval_losses: Losses) -> CurveVerdict | None:
    best = int(np.argmin(eval_losses))
    if len(losses) - best - 1 < LEAST_SPAN:
        return None
    z, rise = trend(_blocks(eval_losses[best + 1 :]))
    falling, fall = trend(_blocks(losses[best + 1 :]))
    lowest = float(eval_losses[best])
    if z < SURE or rise < max(RISE_SIGMAS * noise(eval_losses), LEAST_RISE * abs(lowest)):
        return None
    if falling >= 0 or fall >= 0:
        return None
    return CurveVerdict(
        kind="overfitting",
        first=watched[best].iteration,
        last=watched[-1].iteration,
        eval_loss=(lowest, _level(eval_losses[best + 1 :])),
        loss=(float(losses[best]), _level(losses[best + 1 :])),
    )


def _underfitting(watched: Sequence[Iteration], losses: Losses, eval_losses: Losses) -> CurveVerdict | None:
    begin = len(losses) - max(LEAST_SPAN, len(losses) // 4)
    z, change = trend(_blocks(eval_losses[begin:]))
    falling, _ = trend(_blocks(losses[begin:]))
    last = float(eval_losses[-1])
    least = max(FALL_SIGMAS * noise(eval_losses), LEAST_FALL * abs(last))
    if z > -SURE or change > -least or falling >= 0:
        return None
    return CurveVerdict(
        kind="underfitting",
        first=watched[begin].iteration,
        last=watched[-1].iteration,
        eval_loss=(float(eval_losses[begin]), last),
        loss=(float(losses[begin]), float(losses[-1])),
    )


def _level(losses: Losses) -> float:
    """Where the losses end: the median of their last quarter."""
    return float(np.median(losses[-max(1, len(losses) // 4) :]))


def _blocks(losses: Losses) -> Losses:
    if len(losses) <= MOST_BLOCKS:
        return losses
    return np.array([np.median(block) for block in np.array_split(losses, MOST_BLOCKS)])
