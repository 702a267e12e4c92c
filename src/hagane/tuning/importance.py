"""`importance`: how much of what trials differ by is due to each hyperparameter."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from hagane.tuning.dimension import Dimension
from hagane.tuning.dimension_share import dimension_share, plain
from hagane.tuning.study_record import COUNTED, StudyRecord, is_number
from hagane.tuning.trial import Trial, TrialState
from hagane.tuning.trial_curve import trial_curve

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

FEWEST = 6
"""Trials below which nothing is said."""
MOST_TREES, LEAST_TREES, TREES_TIMES_TRIALS = 32, 8, 3200
"""Of the forest: more change nothing (measured on functions of known variance), and cost as many times the trials."""
PAPER = "Hutter, Hoos, Leyton-Brown, ICML 2014"
"""An Efficient Approach for Assessing Hyperparameter Importance."""


class Importance(msgspec.Struct, frozen=True, kw_only=True):
    """Of one hyperparameter."""

    name: str
    share: float
    """Of the variance of the metric, what goes back to this one alone, whatever the others are."""
    num_trials: int
    """In which it plays a part: those that it was found from."""
    metric: str
    """The first objective, or what all trials told on their way where those that were ended early lack it."""


def importance(record: StudyRecord) -> tuple[Importance, ...]:
    """Functional analysis of variance over a random forest (fANOVA), the most important first; nothing of few trials.

    Shares are of what single hyperparameters account for, and sum to 1 over those that play a part in every trial. One
    that plays a part in some is held against these on its own trials. Measured on functions of known variance, its
    shares are nearer to the truth, and steadier, than PED-ANOVA's.
    """
    metric, values = comparable_values(record)
    trials = [trial for trial in record.trials if trial.id in values]
    if len(trials) < FEWEST or len(set(values.values())) < 2:
        return ()
    varied = [dimension for dimension in record.dimensions if _varies(dimension, trials)]
    always = [each for each in varied if all(each.name in trial.parameters for trial in trials)]
    found = [Importance(name=name, share=share, num_trials=len(trials), metric=metric)
             for name, share in _shares(always, trials, values).items()]  # fmt: skip
    for dimension in varied:
        if dimension not in always:
            own = [trial for trial in trials if dimension.name in trial.parameters]
            if len(own) >= FEWEST and len({values[trial.id] for trial in own}) > 1:
                share = _shares([*always, dimension], own, values).get(dimension.name, 0.0)
                found.append(Importance(name=dimension.name, share=share, num_trials=len(own), metric=metric))
    return tuple(sorted(found, key=lambda each: (-each.share, each.name)))


def comparable_values(record: StudyRecord) -> tuple[str, dict[int, float]]:
    """The metric, and trial → what it is worth by it, as if all had been trained for as long.

    Where trials were ended early, each is worth the best that it told of on its way; one that was ended early by as
    much less than the best of all as it was behind the best of its iteration.
    """
    objective = record.objective
    counted = [trial for trial in record.trials if trial.state in COUNTED]
    stopped = {trial.id for trial in counted if trial.state is TrialState.STOPPED}
    curves = {trial.id: curve for trial in counted
              if (curve := trial_curve(trial.measurements, objective, is_ended=trial.id not in stopped))}  # fmt: skip
    if not stopped or len(curves) < len(counted):
        values = {trial.id: value for trial in counted if is_number(value := record.value(trial))}
        return objective.metric, values
    metric = curves[min(stopped)].metric
    costs = {number: curve.costs[-1] for number, curve in curves.items() if curve.metric == metric}
    whole = [cost for number, cost in costs.items() if number not in stopped]
    for number in stopped & costs.keys() if whole else ():
        last = curves[number].iterations[-1]
        then = [cost for other in costs if is_number(cost := curves[other].cost_at(last))]
        costs[number] += min(whole) - min(then, default=costs[number])
    return metric, {number: cost for number, cost in costs.items() if math.isfinite(cost)}


def _shares(dimensions: Sequence[Dimension], trials: Sequence[Trial], values: Mapping[int, float]) -> dict[str, float]:
    """fANOVA's, with the same forest each time."""
    if not dimensions:
        return {}
    if len(dimensions) == 1:
        return {dimensions[0].name: 1.0}
    import optuna
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    num_trees = max(LEAST_TREES, min(MOST_TREES, TREES_TIMES_TRIALS // len(trials)))
    keys = {f"p{at:04}": dimension for at, dimension in enumerate(dimensions)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        level = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            study = optuna.create_study()
            study.add_trials([_frozen(keys, trial, values[trial.id]) for trial in trials])
            shares = get_param_importances(
                study, evaluator=FanovaImportanceEvaluator(n_trees=num_trees, seed=0), params=list(keys), normalize=True
            )
        finally:
            optuna.logging.set_verbosity(level)
    return {keys[key].name: float(share) for key, share in shares.items() if math.isfinite(share)}


def _frozen(keys: Mapping[str, Dimension], trial: Trial, value: float) -> FrozenTrial:
    """The trial as Optuna knows one; candidates by their number, since they may be of any kind."""
    from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
    from optuna.trial import create_trial

    given: dict[str, Any] = {}
    spaces: dict[str, BaseDistribution] = {}
    for key, dimension in keys.items():
        chosen = trial.parameters[dimension.name]
        if dimension.candidates:
            given[key] = _place(dimension, chosen)
            spaces[key] = CategoricalDistribution(range(len(dimension.candidates) + 1))
        else:
            given[key] = min(max(dimension_share(dimension, chosen) or 0.0, 0.0), 1.0)
            spaces[key] = FloatDistribution(0.0, 1.0)
    return create_trial(value=value, params=given, distributions=spaces)


def _place(dimension: Dimension, value: Any) -> int:
    """The candidate's number; one behind the last for what is none of them."""
    places = [at for at, each in enumerate(dimension.candidates) if plain(each) == plain(value)]
    return places[0] if places else len(dimension.candidates)


def _varies(dimension: Dimension, trials: Sequence[Trial]) -> bool:
    """Whether trials differ in it."""
    return len({repr(plain(trial.parameters.get(dimension.name))) for trial in trials}) > 1
