"""`cma_point`: CMA-ES over the numbers of a space, remade from the trials that there are.

Optuna keeps the state of its CMA-ES as a pickle in the study; here it is a function of the seed and of what the trials
came to, so that a study holds data alone. Numbers are searched in a cube, each axis a dimension on its scale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from cmaes import CMA

from hagane.tuning.cma_axes import axes_of
from hagane.tuning.dimension import Dimension
from hagane.tuning.objective import Objective
from hagane.tuning.space import Space
from hagane.tuning.trial import Trial, TrialState
from hagane.tuning.trial_seed import trial_seed

SIGMA = 1 / 6
"""Of the first generation, of a side of the cube: Optuna's choice, too."""
Point = npt.NDArray[np.float64]


class _Told(NamedTuple):
    point: Point
    cost: float


def cma_point(
    space: Space, objective: Objective, trials: Sequence[Trial], *, seed: int, attempt: int = 0
) -> dict[str, Any]:
    """The values of the axes for one more trial: of generation g where g generations of trials have ended.

    What came to nothing is worth what the worst of its generation is.
    """
    axes = axes_of(space)
    start = space.default_point()
    cma = CMA(
        mean=np.array([_to_cube(axis, start[axis.name]) for axis in axes]),
        sigma=SIGMA,
        bounds=np.tile([0.0, 1.0], (len(axes), 1)),
        seed=trial_seed(seed),
    )
    ended = [trial for trial in trials if trial.ended is not None and trial.parameters]
    size = cma.population_size
    for first in range(0, len(ended) - size + 1, size):
        cma.tell([(told.point, told.cost) for told in _generation(ended[first : first + size], axes, objective)])
        if cma.should_stop():
            break
    cma.reseed_rng(trial_seed(seed, len(trials), attempt))
    asked = cma.ask()
    return {axis.name: _from_cube(axis, float(asked[index])) for index, axis in enumerate(axes)}


def _generation(trials: Sequence[Trial], axes: Sequence[Dimension], objective: Objective) -> list[_Told]:
    costs = [_cost(trial, objective) for trial in trials]
    worst = max((cost for cost in costs if cost is not None), default=0.0)
    points = [np.array([_to_cube(axis, trial.parameters[axis.name]) for axis in axes]) for trial in trials]
    return [_Told(point, worst if cost is None else cost) for point, cost in zip(points, costs, strict=True)]


def _cost(trial: Trial, objective: Objective) -> float | None:
    measured = trial.final_measurement.metrics.get(objective.metric) if trial.final_measurement else None
    if measured is None or trial.state is not TrialState.SUCCEEDED:
        return None
    return -measured if objective.goal == "MAXIMIZE" else measured


def _to_cube(axis: Dimension, value: float) -> float:
    low, high = axis.ends
    if axis.scale == "reverse_log":
        value = low + high - value
    low, high, value = (float(low), float(high), float(value)) if axis.scale == "linear" else (
        math.log(low), math.log(high), math.log(value))  # fmt: skip
    return min(max((value - low) / (high - low), 0.0), 1.0) if high > low else 0.5


def _from_cube(axis: Dimension, share: float) -> Any:
    low, high = (float(end) if axis.scale == "linear" else math.log(end) for end in axis.ends)
    value = low + share * (high - low)
    if axis.scale != "linear":
        value = math.exp(value)
    if axis.scale == "reverse_log":
        value = axis.ends[0] + axis.ends[1] - value
    return axis.nearest(value)
