"""`sampler_of`: Optuna's sampler for an algorithm, seeded for one trial."""

from __future__ import annotations

import warnings

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler

NUM_STARTUP_TRIALS = 10
"""Trials that are drawn at random before a model of the space is made."""


def sampler_of(algorithm: str, seed: int) -> BaseSampler:
    """For `tpe` Watanabe's multivariate TPE (arXiv 2304.11127) that looks at each group of dimensions that play a part
    together, and counts what still runs as bad (constant liar); for `gaussian_process` Optuna's, with log expected
    improvement; else random values.

    >>> type(sampler_of("random", 0)).__name__
    'RandomSampler'
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # what users need to know is told in our words
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        if algorithm == "tpe":
            return TPESampler(seed=seed, n_startup_trials=NUM_STARTUP_TRIALS, multivariate=True, group=True,
                              constant_liar=True)  # fmt: skip
        if algorithm == "gaussian_process":
            return GPSampler(seed=seed, n_startup_trials=NUM_STARTUP_TRIALS, warn_independent_sampling=False)
        return RandomSampler(seed=seed)
