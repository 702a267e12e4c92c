"""`Tuning`: how the hyperparameters of a spec are searched. What is searched stands in the spec itself.

Words are BigQuery ML's (`num_trials`, `max_parallel_trials`, objectives) and Vertex AI's (study, trial, measurement,
scale). `HPARAM_RANGE(low, high)` and `HPARAM_CANDIDATES([…])` say where; `parameters` says more about some of them.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Scale = Literal["linear", "log", "reverse_log"]


class TunedParameter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a range or a list of candidates does not say of a hyperparameter."""

    scale: Scale | None = None
    """How values lie between both ends; None: the family's word for its own option, else linear."""
    step: float | None = None
    """Of a range: only low, low + step, low + 2 step, …"""
    default: Any = None
    """Where the search starts; None: the option's default, or the nearest value of the space."""
    when: dict[str, Any] = {}
    """Name of another hyperparameter → the value, or list of values, with which this one plays a part."""


class TrialStopping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which trials are ended before their time, by what they are worth on the way."""

    method: Literal["none", "median", "successive_halving"] = "successive_halving"
    min_iterations: int | None = None
    """Iterations before which no trial is ended; None: a quarter of the most that a trial may take, at least 1."""
    reduction_factor: int = 4
    """Of successive halving: one in so many goes on at each rung (eta of arXiv 1810.05934)."""
    warm_up_trials: int = 5
    """Of the median rule: so many trials are heard to their end first."""


class Tuning(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a study is run."""

    num_trials: int = 20
    max_parallel_trials: int = 1
    algorithm: Literal["tpe", "random", "grid", "cma_es", "gaussian_process"] = "tpe"
    objectives: tuple[str, ...] = ()
    """Metrics of the eval rows, by the names that evaluations have them under (`roc_auc`), or `model_bytes`; their
    direction is the metric's own. None: BigQuery ML's for the kind of label. Several: a Pareto front."""
    parameters: dict[str, TunedParameter] = {}
    """Hyperparameter (by its name, `model.options.learn_rate`) → more about it."""
    family_space: bool = True
    """Whether a family whose options name no hyperparameter is searched over ranges of its own (BigQuery ML's with its
    defaults)."""
    features: dict[str, tuple[str | None, ...]] = {}
    """Feature → expressions of which one is chosen; null: the feature is left out."""
    crosses: tuple[tuple[str, ...], ...] = ()
    """Fields each list of which may be crossed: columns, or expressions with a name (`CAST(x AS STRING) AS x`)."""
    optional: tuple[str, ...] = ()
    """Features that may be left out; `*`: every one."""
    select: bool = False
    """Whether features that help the winner no more than noise does are left out of it."""
    stopping: TrialStopping = TrialStopping()
    budget: str | None = None
    """Time after which no trial is begun, and those that run are ended: `10m`, `1h30m`, `45s`."""
    folds: int | None = None
    """A trial is worth its mean over so many folds of train and eval; None: what it is worth on the eval rows."""
    nested_folds: int | None = None
    """How many times all of the search is repeated on other rows, to say what searching itself is worth."""
    retrain: bool = False
    """Whether the winner is trained again, on train and eval together, for as long as it took on train."""
    seed: int = 0
    """Of the search; trainings have `training.seed`."""
    study: str | None = None
    """What the study is called; None: as the model."""
    storage: str | None = None
    """URL of a PostgreSQL database that several machines share; None: a SQLite file in the workspace."""
