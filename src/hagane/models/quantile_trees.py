"""`fit_quantile`: boosted trees that predict a quantile of the label, for the bounds of prediction intervals."""

from __future__ import annotations

from hagane.features.encoded import Encoded
from hagane.models.boosted_tree import boost_trees
from hagane.models.boosted_tree_options import BoostedTreeOptions
from hagane.models.family import FitContext
from hagane.models.training_data import require_finite_labels
from hagane.models.tree_losses import quantile_loss
from hagane.models.tree_model import TreeModel


def fit_quantile(
    train: Encoded, evaluation: Encoded | None, options: BoostedTreeOptions, context: FitContext, *, quantile: float
) -> TreeModel:
    """Boost until the eval pinball loss (Koenker and Bassett 1978) of `quantile` no longer falls. Raises TrainingError.

    For the features of any family; those that it standardised are as good to trees.
    """
    require_finite_labels(train)
    return boost_trees(train, evaluation, options, context, family="quantile_trees", loss=quantile_loss(quantile))
