"""`objectives_of`: the metrics that a study makes large or small, by the names that were given."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.errors import Fault, SpecError, nearest
from hagane.evaluation.evaluation import Kind
from hagane.evaluation.metric_info import METRICS
from hagane.tuning.objective import Objective

MODEL_BYTES = "model_bytes"
"""The size of the graph that would serve: an objective that is no metric of rows."""
_BINARY = ("roc_auc", "pr_auc", "accuracy", "precision", "recall", "f1_score", "log_loss", "brier_score",
           "expected_calibration_error")  # fmt: skip
_NUMBERS = ("r2_score", "explained_variance", "root_mean_squared_error", "mean_absolute_error",
            "median_absolute_error", "mean_squared_error", "mean_squared_log_error")  # fmt: skip
OBJECTIVES: dict[Kind, tuple[str, ...]] = {
    "binary": _BINARY,
    "multiclass": (*(name for name in _BINARY if name != "pr_auc"), "macro_log_loss"),
    "regression": (*_NUMBERS, "mean_pinball_loss", "mean_poisson_deviance"),
    "multi_label": (*_BINARY, "subset_accuracy", "hamming_loss"),
    "multivariate": _NUMBERS,
    "clustering": ("davies_bouldin_index", "mean_squared_distance"),
    "dimensionality_reduction": ("total_explained_variance_ratio",),
    "preprocessing": (),
    "inference": (),
}
"""Kind of label → metrics that can be objectives, the default first: BigQuery ML's, for classes ROC AUC (of several
their mean), for numbers R², for clusters the Davies–Bouldin index."""


def objectives_of(names: Sequence[str], kind: Kind, *, default: str | None = None) -> tuple[Objective, ...]:
    """The objectives called so, in any case; none named: `default`, else the kind's own.

    Raises SpecError for every name that is none for this kind of label, or that stands there twice.

    >>> objectives_of((), "binary")[0]
    Objective(metric='roc_auc', goal='MAXIMIZE')
    >>> [objective.goal for objective in objectives_of(["LOG_LOSS", "model_bytes"], "binary")]
    ['MINIMIZE', 'MINIMIZE']
    >>> objectives_of(["acuracy"], "regression")
    Traceback (most recent call last):
    hagane.errors.SpecError: 'acuracy' is no objective for a label of this kind: regression
      where: tuning.objectives[0]
      expected: one of r2_score, explained_variance, ...
    """
    known = (*OBJECTIVES[kind], MODEL_BYTES)
    lowered = [name.lower() for name in names] or [default or known[0]]
    faults = [_unknown(name, index, kind, known) for index, name in enumerate(lowered) if name not in known]
    faults += [
        Fault(what=f"the objective {name} is named twice", where=f"tuning.objectives[{index}]")
        for index, name in enumerate(lowered)
        if name in lowered[:index]
    ]
    if lowered == [MODEL_BYTES]:
        step = "name what the model is to be good at, too: tuning.objectives: [roc_auc, model_bytes]"
        faults.append(Fault(what="size alone is no objective: the smallest model knows nothing",
                            where="tuning.objectives", next_step=step))  # fmt: skip
    if faults:
        raise SpecError(*faults)
    return tuple(Objective(name, "MAXIMIZE" if _is_better_higher(name) else "MINIMIZE") for name in lowered)


def _is_better_higher(name: str) -> bool:
    return name in METRICS and METRICS[name].higher_is_better


def _unknown(name: str, index: int, kind: Kind, known: Sequence[str]) -> Fault:
    return Fault(
        what=f"{name!r} is no objective for a label of this kind: {kind.replace('_', ' ')}",
        where=f"tuning.objectives[{index}]",
        expected="one of " + ", ".join(known),
        nearest=nearest(name, known),
    )
