"""`override_tuning`: a spec with what the command line says of its search put in its place."""

from __future__ import annotations

from typing import Any, cast, get_args, get_type_hints

from msgspec.structs import replace

from hagane.fronts.cli.one_of import one_of
from hagane.spec.spec import Spec
from hagane.spec.tuning import TrialStopping, Tuning

ALGORITHMS: tuple[str, ...] = get_args(get_type_hints(Tuning)["algorithm"])
METHODS: tuple[str, ...] = get_args(get_type_hints(TrialStopping)["method"])


def override_tuning(
    spec: Spec,
    *,
    num_trials: int | None = None,
    max_parallel_trials: int | None = None,
    algorithm: str | None = None,
    objectives: tuple[str, ...] = (),
    stopping: str | None = None,
    budget: str | None = None,
    folds: int | None = None,
    retrain: bool = False,
    select: bool = False,
    nested_folds: int | None = None,
    study: str | None = None,
    storage: str | None = None,
) -> Spec:
    """The spec, with a section `tuning` in which everything that is given stands. Raises UsageError.

    >>> override_tuning(Spec(data="f.csv", label="y"), num_trials=7, stopping="median").tuning.stopping.method
    'median'
    """
    tuning = spec.tuning or Tuning()
    given: dict[str, Any] = {
        "num_trials": num_trials,
        "max_parallel_trials": max_parallel_trials,
        "algorithm": algorithm and one_of("--algorithm", algorithm, ALGORITHMS),
        "objectives": objectives or None,
        "stopping": stopping and _stopping(tuning.stopping, stopping),
        "budget": budget,
        "folds": folds,
        "retrain": retrain or None,
        "select": select or None,
        "nested_folds": nested_folds,
        "study": study,
        "storage": storage,
    }
    return replace(spec, tuning=replace(tuning, **{name: value for name, value in given.items() if value is not None}))


def _stopping(base: TrialStopping, method: str) -> TrialStopping:
    return replace(base, method=cast(Any, one_of("--stopping", method, METHODS)))
