"""Options of the boosted-tree families."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import msgspec

from hagane.errors import Fault
from hagane.features.feature import Feature
from hagane.models.eval_metric import ClassMetric, NumberMetric, metric_faults
from hagane.models.number_losses import HuberDelta, NumberLoss, QuantileLevel, loss_faults
from hagane.models.tree_losses import RENEWED
from hagane.models.tree_options import Fraction, TreeOptions, without_counterpart

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class BoostedTreeOptions(TreeOptions, frozen=True, kw_only=True):
    """What both boosted-tree families can be told. Names are BigQuery ML's where it has one."""

    booster_type: Literal["gbtree", "dart"] = "gbtree"
    """`dart`: each round leaves some of the trees out, and scales them and the new one to fit (arXiv 1505.01866)."""
    dropout: Share | None = None
    """Share of the trees that a round of `dart` leaves out. null: a tenth."""
    dart_normalize_type: Literal["tree", "forest"] = "tree"
    """`tree`: the new tree weighs as much as each of those left out."""
    num_parallel_tree: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    """BigQuery ML's; only 1: a round grows one tree (one a class)."""
    max_iterations: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1000
    """Rounds of boosting, at most."""
    learn_rate: Fraction = 0.05
    early_stop: bool = True
    patience: Annotated[int, msgspec.Meta(ge=1)] = 50
    """Rounds without progress on the eval rows after which training stops."""
    min_rel_progress: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    """Progress is a gain of what is watched (`eval_metric`) by more than this share."""

    def cross_faults(self) -> Sequence[Fault]:
        """What LightGBM has no counterpart of, and what does not go together."""
        return (*self._tree_faults(), *self._booster_faults())

    def _booster_faults(self) -> Iterator[Fault]:
        if self.num_parallel_tree != 1:
            expected = "1, or model.type random_forest_classifier or random_forest_regressor"
            yield without_counterpart("num_parallel_tree", self.num_parallel_tree, expected)
        if self.dart_normalize_type == "forest":
            yield without_counterpart("dart_normalize_type", "forest", "tree")
        if self.dropout and self.booster_type != "dart":
            yield Fault(
                what="option 'dropout' is for booster_type 'dart' alone",
                where="model.options.dropout",
                expected="booster_type: dart, or no dropout",
                received=f"dropout: {self.dropout}, booster_type: {self.booster_type}",
            )


class BoostedTreeClassifierOptions(BoostedTreeOptions, frozen=True, kw_only=True):
    """Options of boosted_tree_classifier."""

    eval_metric: ClassMetric | None = None
    """Which figure of the eval rows stops the training and picks the round. null: the loss."""

    def feature_faults(self, features: Sequence[Feature], num_classes: int, num_labels: int = 1) -> Sequence[Fault]:
        """A metric that so many classes do not have, besides those of trees."""
        return (
            *super().feature_faults(features, num_classes, num_labels),
            *metric_faults(self.eval_metric, num_classes),
        )


class BoostedTreeRegressorOptions(BoostedTreeOptions, frozen=True, kw_only=True):
    """Options of boosted_tree_regressor."""

    loss: NumberLoss = "squared_error"
    """What the trees lower: predictions are means, medians, nearly means, means of counts, or quantiles."""
    quantile_level: QuantileLevel | None = None
    """Of loss `quantile`: which one. null: 0.5."""
    huber_delta: HuberDelta | None = None
    """Of loss `huber`: errors beyond it count linearly. null: nine in ten labels lie as near to their median."""
    eval_metric: NumberMetric | None = None
    """Which figure of the eval rows stops the training and picks the round. null: the loss."""

    def cross_faults(self) -> Sequence[Fault]:
        """What LightGBM has no counterpart of, and what does not go together."""
        return (*super().cross_faults(), *loss_faults(self), *self._monotone_faults())

    def _monotone_faults(self) -> Iterator[Fault]:
        if self.monotone_constraints and self.loss in RENEWED:
            yield Fault(
                what=f"loss {self.loss!r} sets its leaves after the tree has grown, and keeps no monotone_constraints",
                where="model.options.monotone_constraints",
                expected="loss: squared_error, huber or poisson",
                received=f"loss: {self.loss}",
            )
