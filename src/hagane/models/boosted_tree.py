"""Gradient-boosted trees by LightGBM: what the classifier and the regressor share.

Features go in as one matrix (`tree_columns`): the dense features, NaN meaning missing, the id features of few slots as
native categories, of the others the label's mean in the slot, then a column for each slot of the sparse features, 0
where a row has none of it. The graph is emitted by `tree_graph` from the text of the fitted model.
"""

from __future__ import annotations

from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from hagane.features.encoded import Encoded
from hagane.models.boosted_tree_options import BoostedTreeOptions
from hagane.models.boosting import Boosting
from hagane.models.eval_metric import eval_metric as metric_named
from hagane.models.family import FitContext
from hagane.models.lightgbm_native import lightgbm_refusals
from hagane.models.lightgbm_parameters import lightgbm_parameters
from hagane.models.lightgbm_trees import parse_trees
from hagane.models.prior_shift import prior_shift
from hagane.models.target_means import num_outputs
from hagane.models.tree_checkpoints import TreeCheckpoints
from hagane.models.tree_columns import TreeColumns
from hagane.models.tree_datasets import means_for, require_memory_for_trees, rows_of_splits
from hagane.models.tree_losses import TreeLoss
from hagane.models.tree_model import TreeModel
from hagane.models.tree_parameters import TreeParameters
from hagane.models.tree_start import begin_trees

DROPOUT = 0.1
"""`dropout` of dart where none is given."""


def boost_trees(
    train: Encoded,
    evaluation: Encoded | None,
    options: BoostedTreeOptions,
    context: FitContext,
    *,
    family: str,
    loss: TreeLoss,
    eval_metric: str | None = None,
    start: TreeParameters | None = None,
) -> TreeModel:
    """Boost on `train`, keeping the round that is best on `evaluation` (all rounds without one).

    With `start`, or a warm start of the context, the rounds are grown behind the trees of an earlier fit on the same
    features, whose means of categories stay. Raises TrainingError, SpecError for options that the features do not
    allow, and PreemptedError at a notice.
    """
    columns = TreeColumns(train.features, max_slots=options.max_category_slots, width=num_outputs(context.num_classes))
    metric = None if eval_metric is None else metric_named(eval_metric, context.num_classes)
    own = {**boosting_parameters(options), **loss.parameters}
    parameters = lightgbm_parameters(options, columns, train.num_rows, context) | own
    require_memory_for_trees(train, evaluation, columns, parameters, context)
    start = start or begin_trees(context, loss.link, options)
    means = start.means if start else means_for(train, columns, context)
    shift = prior_shift(context.class_offsets, context.num_classes) if context.num_classes else np.zeros(1)
    rows, watched = rows_of_splits(train, evaluation, columns, means, context)
    with TreeCheckpoints(context, is_kept=options.booster_type != "dart") as checkpoints, lightgbm_refusals():
        boosting = Boosting(
            rows, watched, parameters, options, context,
            behind=start.text if start else "", shift=shift, metric=metric, saved=checkpoints.latest(),
        )  # fmt: skip
        text = boosting.run(checkpoints)
    learned = TreeParameters(text if start else _shifted(text, boosting.offset), means)
    curve, best = tuple(boosting.state.curve), boosting.best_round
    return TreeModel(learned, family=family, link=loss.link, columns=columns, curve=curve, best_iteration=best)


def boosting_parameters(options: BoostedTreeOptions) -> dict[str, Any]:
    """LightGBM's names and values for what boosting has beside trees.

    dart is XGBoost's: trees are left out with equal chance, in every round, as many as the draw says.
    """
    if options.booster_type == "gbtree":
        return {"learning_rate": options.learn_rate}
    return {
        "learning_rate": options.learn_rate,
        "boosting": "dart",
        "drop_rate": DROPOUT if options.dropout is None else options.dropout,
        "uniform_drop": True,
        "xgboost_dart_mode": True,
        "max_drop": -1,
        "skip_drop": 0.0,
    }


def _shifted(text: str, shift: npt.NDArray[np.float64]) -> str:
    """Add `shift` to each output's raw score by the leaves of its first tree, where LightGBM keeps its own start."""
    if not shift.any():
        return text
    booster = lgb.Booster(model_str=text)
    for number, (tree, added) in enumerate(zip(parse_trees(text).trees, shift, strict=False)):
        for leaf, value in enumerate(tree.leaves):
            booster.set_leaf_output(number, leaf, value + added)
    return str(booster.model_to_string())
