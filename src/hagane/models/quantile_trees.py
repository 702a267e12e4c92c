"""`fit_quantile`: boosted trees that predict a quantile of the label, for the bounds of prediction intervals."""

from __future__ import annotations

from hagane.features.encoded import Encoded
from hagane.models.boosted_tree import BoostedTreeModel, BoostedTreeOptions, fit_trees
from hagane.models.family import FitContext
from hagane.models.training_data import require_finite_labels


def fit_quantile(
    train: Encoded, evaluation: Encoded | None, options: BoostedTreeOptions, context: FitContext, *, quantile: float
) -> BoostedTreeModel:
    """Boost until the eval pinball loss (Koenker and Bassett 1978) of `quantile` no longer falls. Raises TrainingError.

    For the features of any family; those that it standardised are as good to trees.
    """
    require_finite_labels(train)
    objective = {"objective": "quantile", "alpha": quantile, "metric": "quantile"}
    return fit_trees(train, evaluation, options, context, family="quantile_trees", objective=objective)
