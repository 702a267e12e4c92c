"""Options of the boosted-tree families."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import msgspec

from hagane.errors import Fault
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

    eval_metric: (
        Literal["log_loss", "roc_auc", "pr_auc", "accuracy", "precision", "recall", "f1_score", "brier_score"] | None
    ) = None
    """Which figure of the eval rows stops the training and picks the round. null: the loss."""


class BoostedTreeRegressorOptions(BoostedTreeOptions, frozen=True, kw_only=True):
    """Options of boosted_tree_regressor."""

    loss: Literal["squared_error", "absolute_error", "huber", "poisson", "quantile"] = "squared_error"
    """What the trees lower: predictions are means, medians, nearly means, means of counts, or quantiles."""
    quantile_level: Annotated[float, msgspec.Meta(gt=0, lt=1)] | None = None
    """Of loss `quantile`: which one. null: 0.5."""
    huber_delta: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """Of loss `huber`: errors beyond it count linearly. null: nine in ten labels lie as near to their median."""
    eval_metric: (
        Literal[
            "mean_squared_error",
            "root_mean_squared_error",
            "mean_absolute_error",
            "median_absolute_error",
            "mean_squared_log_error",
            "r2_score",
            "explained_variance",
        ]
        | None
    ) = None
    """Which figure of the eval rows stops the training and picks the round. null: the loss."""

    def cross_faults(self) -> Sequence[Fault]:
        """What LightGBM has no counterpart of, and what does not go together."""
        return (*super().cross_faults(), *self._loss_faults())

    def _loss_faults(self) -> Iterator[Fault]:
        for option, loss in (("quantile_level", "quantile"), ("huber_delta", "huber")):
            if getattr(self, option) is not None and self.loss != loss:
                yield Fault(
                    what=f"option {option!r} is for loss {loss!r} alone",
                    where=f"model.options.{option}",
                    expected=f"loss: {loss}, or no {option}",
                    received=f"loss: {self.loss}",
                )
        if self.monotone_constraints and self.loss in RENEWED:
            yield Fault(
                what=f"loss {self.loss!r} sets its leaves after the tree has grown, and keeps no monotone_constraints",
                where="model.options.monotone_constraints",
                expected="loss: squared_error, huber or poisson",
                received=f"loss: {self.loss}",
            )
