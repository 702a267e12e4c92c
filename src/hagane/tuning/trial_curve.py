"""`TrialCurve`: what a trial was worth on its way, in one number an iteration, less being better."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from hagane.tuning.objective import Objective
from hagane.tuning.trial import Measurement

EVAL_LOSS = "eval_loss"
"""What families tell on their way whatever the objective: the loss that they lower, of the eval rows."""


class TrialCurve(NamedTuple):
    """The best so far at each iteration that was told of: later ones that are worse are not what a trial comes to."""

    metric: str
    """Curves of two metrics are not compared."""
    iterations: tuple[int, ...]
    costs: tuple[float, ...]
    is_ended: bool = False
    """Whether there are no more iterations to come: what it came to then holds of all later ones."""

    def cost_at(self, iteration: int) -> float | None:
        """The best until then; None where it has not come so far.

        >>> curve = TrialCurve("eval_loss", (1, 2, 4), (0.9, 0.8, 0.7))
        >>> curve.cost_at(3), curve.cost_at(5), curve._replace(is_ended=True).cost_at(5)
        (0.8, None, 0.7)
        """
        reached = bisect.bisect_right(self.iterations, iteration)
        if reached == 0 or (iteration > self.iterations[-1] and not self.is_ended):
            return None
        return self.costs[reached - 1]

    def mean_until(self, iteration: int) -> float | None:
        """The mean of the best so far over the iterations that were told of until then; None: none was.

        >>> round(TrialCurve("eval_loss", (1, 2, 4), (0.9, 0.8, 0.7)).mean_until(3), 3)
        0.85
        """
        reached = bisect.bisect_right(self.iterations, iteration)
        return math.fsum(self.costs[:reached]) / reached if reached else None


def trial_curve(
    measurements: Sequence[Measurement], objective: Objective, *, is_ended: bool = False
) -> TrialCurve | None:
    """The curve of the objective where it was measured on the way, else of the eval loss; None where neither was.

    >>> told = [Measurement(iteration=i, elapsed_seconds=0, metrics={"roc_auc": 0.75 - i / 4}) for i in (1, 2)]
    >>> trial_curve(told, Objective("roc_auc", "MAXIMIZE")).costs
    (-0.5, -0.5)
    """
    for metric, is_maximized in ((objective.metric, objective.goal == "MAXIMIZE"), (EVAL_LOSS, False)):
        told = [(one.iteration, one.metrics.get(metric)) for one in measurements]
        known = [(iteration, _cost(value, is_maximized)) for iteration, value in told if value is not None]
        if known:
            costs = itertools.accumulate((cost for _, cost in known), min)
            return TrialCurve(metric, tuple(iteration for iteration, _ in known), tuple(costs), is_ended)
    return None


def _cost(value: float, is_maximized: bool) -> float:
    """A loss that is no number is worse than any."""
    if math.isnan(value):
        return math.inf
    return -value if is_maximized else value
