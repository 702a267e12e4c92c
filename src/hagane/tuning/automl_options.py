"""`AutoMlOptions`: what an AutoML run can be told, under `model.options` of a spec whose type is an `automl_*`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from hagane.errors import Fault, SpecError
from hagane.models.options import FamilyOptions
from hagane.tuning.configuration import Kind
from hagane.tuning.duration import duration_seconds

LEAST_SECONDS = 5.0
BIGQUERY_OBJECTIVES = {
    "maximize_au_roc": "roc_auc",
    "maximize_au_prc": "pr_auc",
    "minimize_log_loss": "log_loss",
    "minimize_rmse": "root_mean_squared_error",
    "minimize_mae": "mean_absolute_error",
    "minimize_rmsle": "mean_squared_log_error",
}
"""Its OPTIMIZATION_OBJECTIVE → the metric here; the root of a mean is smallest where the mean is."""
WITHOUT_COUNTERPART = ("maximize_precision_at_recall", "maximize_recall_at_precision")


class AutoMlOptions(FamilyOptions, frozen=True, kw_only=True):
    """Names are BigQuery ML's where it has one."""

    budget: str = "1h"
    """Time from the command to the registered model: `10m`, `1h30m`, `45s`."""
    budget_hours: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """BigQuery ML's: the same in hours, in the place of `budget`."""
    optimization_objective: str | None = None
    """The metric of the eval rows, by its name here or BigQuery ML's. null: ROC AUC of two classes, log loss of more,
    RMSE of numbers."""
    families: tuple[Kind, ...] = ("boosted_tree", "dnn", "linear", "random_forest")
    """Those that are tried."""
    ensemble: bool = True
    """Whether the result may be an ensemble; without it, the best single model."""
    max_members: Annotated[int, msgspec.Meta(ge=1, le=20)] = 3
    """Configurations in an ensemble, at most: each costs at every prediction."""
    max_folds: Annotated[int, msgspec.Meta(ge=2, le=20)] = 5
    """Models of each of them, at most, each trained without one fold of the rows; fewer where time is short."""
    num_trials: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 50
    """Trials of a study over the options of the best model, at most, where time is left for it."""
    derived_features: bool = True
    """Whether ratios of columns and turned coordinates are tried as further features."""
    drop_leaks: bool = False
    """Whether columns that alone predict the label almost perfectly are left out."""

    def cross_faults(self) -> Sequence[Fault]:
        """A budget that is none, or too short for anything; no family."""
        place = "model.options"
        try:
            seconds = self.seconds
        except SpecError as error:
            return error.faults
        faults = []
        if seconds < LEAST_SECONDS:
            what, expected = "too little time for a search", f"{LEAST_SECONDS:g}s or more"
            faults.append(Fault(what=what, where=f"{place}.budget", expected=expected, received=self.budget,
                                next_step="hagane train takes as long as one model takes"))  # fmt: skip
        if not self.families:
            faults.append(Fault(what="no family is left to try", where=f"{place}.families"))
        if (self.optimization_objective or "").lower() in WITHOUT_COUNTERPART:
            step = "search by maximize_au_prc, and choose the threshold afterwards: evaluation.aim"
            faults.append(Fault(what="a model is searched by one figure, not at a given recall or precision",
                                where=f"{place}.optimization_objective", received=str(self.optimization_objective),
                                expected="one of " + ", ".join(BIGQUERY_OBJECTIVES), next_step=step))  # fmt: skip
        return faults

    @property
    def seconds(self) -> float:
        """The budget.

        >>> AutoMlOptions(budget="10m").seconds, AutoMlOptions(budget_hours=0.5).seconds
        (600.0, 1800.0)
        """
        if self.budget_hours is not None:
            return 3600.0 * self.budget_hours
        return duration_seconds(self.budget, where="model.options.budget")

    @property
    def objective(self) -> str | None:
        """The metric's name here; None where it is left open.

        >>> AutoMlOptions(optimization_objective="MINIMIZE_MAE").objective
        'mean_absolute_error'
        """
        asked = (self.optimization_objective or "").lower()
        return BIGQUERY_OBJECTIVES.get(asked, asked) or None
