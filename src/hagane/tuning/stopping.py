"""Which trials are ended before their time: successive halving without waiting (ASHA), and the median rule.

Both look at the best that a trial has been worth so far, and compare trials whose curves mean the same. They decide
when a trial tells of itself, by what is known of others at that moment; nobody waits for anybody.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from hagane.spec.tuning import TrialStopping
from hagane.tuning.trial_curve import TrialCurve

LEAST_SHARE = 4
"""A trial has a quarter of the most iterations before it is judged: earlier, those that learn slowly and end better (a
low learning rate) would all be ended."""


def rungs(rule: TrialStopping, max_iterations: int) -> tuple[int, ...]:
    """Iterations at which trials are judged, the first first: those of the median rule are all from the first on.

    >>> rungs(TrialStopping(), 1000), rungs(TrialStopping(min_iterations=20), 1000), rungs(TrialStopping(), 3)
    ((250,), (20, 80, 320), (1,))
    """
    first = min_iterations(rule, max_iterations)
    if rule.method == "none" or first >= max_iterations:
        return ()
    if rule.method == "median":
        return (first,)
    levels = [first]
    while levels[-1] * rule.reduction_factor < max_iterations:
        levels.append(levels[-1] * rule.reduction_factor)
    return tuple(levels)


def min_iterations(rule: TrialStopping, max_iterations: int) -> int:
    """Iterations before which no trial is ended."""
    return rule.min_iterations or max(1, max_iterations // LEAST_SHARE)


def is_to_stop(rule: TrialStopping, own: TrialCurve, others: Sequence[TrialCurve], max_iterations: int) -> bool:
    """Whether the trial `own` is to end at the last iteration that it told of; `others` are those compared with it."""
    alike = [other for other in others if other.metric == own.metric]
    if rule.method == "median":
        return _is_below_median(rule, own, alike, max_iterations)
    if rule.method == "successive_halving":
        return _is_left_behind(rule, own, alike, max_iterations)
    return False


def _is_left_behind(rule: TrialStopping, own: TrialCurve, others: Sequence[TrialCurve], max_iterations: int) -> bool:
    """Asynchronous successive halving in its stopping form (arXiv 1810.05934, 3.2; as Syne Tune has it).

    At a rung a trial goes on where it is among the best 1 / eta of all that have come so far, itself among them. Fewer
    than eta trials say nothing: all of them go on. A trial that trained to its end before stands at the later rungs
    with what it came to.
    """
    passed = [level for level in rungs(rule, max_iterations) if level <= own.iterations[-1]]
    before = own.iterations[-2] if len(own.iterations) > 1 else 0
    if not passed or passed[-1] <= before:
        return False
    cost = own.costs[-1]  # reports may come less often than rungs: the first at or behind one counts for it
    at_rung = [seen for other in others if (seen := _cost_from(other, passed[-1])) is not None]
    num_trials = len(at_rung) + 1
    better = sum(seen < cost for seen in at_rung)
    return num_trials >= rule.reduction_factor and better >= num_trials // rule.reduction_factor


def _cost_from(curve: TrialCurve, level: int) -> float | None:
    """The best at the first iteration told of that is at or behind `level`."""
    first = next((iteration for iteration in curve.iterations if iteration >= level), None)
    return curve.cost_at(level if first is None else first)


def _is_below_median(rule: TrialStopping, own: TrialCurve, others: Sequence[TrialCurve], max_iterations: int) -> bool:
    """Vizier's rule (Golovin et al. 2017, 3.2.1): its best so far is worse than the median of what the trials that
    trained to their end were worth on average until that iteration."""
    iteration = own.iterations[-1]
    if iteration < min_iterations(rule, max_iterations):
        return False
    means = [mean for other in others if other.is_ended and (mean := other.mean_until(iteration)) is not None]
    return len(means) >= max(1, rule.warm_up_trials) and own.costs[-1] > statistics.median(means)
