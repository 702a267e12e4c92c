"""`propose`: what the next trial tries."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence, Set
from typing import Any

import msgspec
import numpy as np
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler

from hagane.tuning.distributions import distribution_of, value_of
from hagane.tuning.samplers import sampler_of
from hagane.tuning.space import Space
from hagane.tuning.study import Study
from hagane.tuning.trial import Trial
from hagane.tuning.trial_seed import trial_seed

TRIES = 10
"""How often a sampler is asked again that proposes what was tried."""
MOST_LISTED = 10_000
"""Points of a finite space among which one that was not tried is looked for."""


def propose(study: Study, trial: Trial, others: Sequence[Trial]) -> dict[str, Any] | None:
    """Parameters for `trial`, which has none yet; None where every point of the space was tried.

    A function of the study's seed, the trial's number and `others`, all other trials: a study that goes on proposes
    what it would have proposed. The first trial tries the default point. Of a finite space nothing is tried twice.
    """
    space, about = study.about.space, study.about
    tried = {key_of(other.parameters) for other in others if other.parameters}
    if about.algorithm == "grid":
        return next(_untried(space, tried), None)
    if trial.id == 1:
        return space.default_point()
    left: list[dict[str, Any]] = []
    if _is_listed(space):
        left = [*_untried(space, tried)]
        if not left:
            return None
    fresh = _fresh(study, trial, others, tried)
    if fresh is None and left:
        return left[int(np.random.default_rng(trial_seed(about.seed, trial.id)).integers(len(left)))]
    return fresh or _asked(study, trial, others, 0)


def is_exhausted(study: Study, trials: Sequence[Trial]) -> bool:
    """Whether every point of the space was tried."""
    space = study.about.space
    if study.about.algorithm != "grid" and not _is_listed(space):
        return False
    tried = {key_of(trial.parameters) for trial in trials if trial.parameters}
    return next(_untried(space, tried), None) is None


def _is_listed(space: Space) -> bool:
    return (space.num_points or MOST_LISTED + 1) <= MOST_LISTED


def _untried(space: Space, tried: Set[bytes]) -> Iterator[dict[str, Any]]:
    return (point for point in space.points() if key_of(point) not in tried)


def key_of(parameters: dict[str, Any]) -> bytes:
    """The same for equal parameters alone."""
    return msgspec.json.encode(parameters, order="sorted")


def _fresh(study: Study, trial: Trial, others: Sequence[Trial], tried: Set[bytes]) -> dict[str, Any] | None:
    for attempt in range(TRIES):
        asked = _asked(study, trial, others, attempt)
        if key_of(asked) not in tried:
            return asked
    return None


def _asked(study: Study, trial: Trial, others: Sequence[Trial], attempt: int) -> dict[str, Any]:
    about = study.about
    seed = trial_seed(about.seed, trial.id, attempt)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        drawn = _sampled(study, trial, about.space, sampler_of(about.algorithm, seed))
    if about.algorithm == "cma_es":
        from hagane.tuning.cma_es import cma_point

        drawn |= cma_point(about.space, about.objectives[0], others, seed=about.seed, attempt=attempt)
    return drawn


def _sampled(study: Study, trial: Trial, space: Space, sampler: BaseSampler) -> dict[str, Any]:
    """What Optuna's sampler says, in our values: those of a model of several dimensions, the others one by one."""
    stored, frozen = study.for_samplers(), study.frozen(trial)
    sampler.before_trial(stored, frozen)
    together = sampler.sample_relative(stored, frozen, sampler.infer_relative_search_space(stored, frozen))
    values: dict[str, Any] = {}
    for dimension in space.dimensions:
        if not dimension.plays(values):
            continue
        distribution = distribution_of(dimension)
        if dimension.name in together:
            drawn = together[dimension.name]
        elif distribution.single():
            drawn = distribution.to_external_repr(distribution.to_internal_repr(_only(distribution)))
        else:
            drawn = sampler.sample_independent(stored, frozen, dimension.name, distribution)
        values[dimension.name] = value_of(dimension, drawn)
    return values


def _only(distribution: Any) -> Any:
    """The one value that it has."""
    return distribution.choices[0] if hasattr(distribution, "choices") else distribution.low
