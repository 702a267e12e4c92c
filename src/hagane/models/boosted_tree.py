"""Gradient-boosted trees by LightGBM: what the classifier and the regressor share.

Features go in as one matrix (`tree_columns`): the dense features, NaN meaning missing, the id features of few slots as
native categories, of the others the label's mean in the slot, then a column for each slot of the sparse features, 0
where a row has none of it. The graph is emitted by `tree_graph` from the text of the fitted model.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import lightgbm as lgb
import msgspec
import numpy as np
import numpy.typing as npt

from hagane.errors import Fault, TrainingError
from hagane.features.emit import Emitter
from hagane.features.encoded import Encoded
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.models.encoded_sequence import EncodedRows, EncodedSequence
from hagane.models.family import Array, FitContext, Iteration
from hagane.models.lightgbm_trees import Trees, parse_trees
from hagane.models.options import FamilyOptions
from hagane.models.prior_shift import prior_shift
from hagane.models.target_means import TargetMeans, num_outputs, target_means
from hagane.models.tell_iteration import tell_iteration
from hagane.models.training_data import labels_and_weights, require_memory
from hagane.models.tree_columns import TreeColumns
from hagane.models.tree_graph import emit_link, emit_trees, emit_used_slots
from hagane.progress.events import StoppedEarly
from hagane.training.early_stopping import EarlyStopping

Fraction = Annotated[float, msgspec.Meta(gt=0, le=1)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
RELATIVE_TOLERANCE = 2.5e-7
LINKS = {"regression": "identity", "quantile": "identity", "binary": "sigmoid", "multiclass": "softmax"}
"""LightGBM's objective → from raw sums to scores."""
ENTRY_BYTES = 12
"""A number that is not 0, and its column, as scipy keeps both."""
HISTOGRAM_MEGABYTES = 1024
"""LightGBM keeps the histograms of a tree's leaves up to this; beyond it counts some of them again."""


class BoostedTreeOptions(FamilyOptions, frozen=True, kw_only=True):
    """Options of both boosted-tree families. Names are BigQuery ML's where it has one."""

    max_iterations: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1000
    """Rounds of boosting, at most."""
    learn_rate: Fraction = 0.05
    max_tree_depth: Annotated[int, msgspec.Meta(ge=0, le=64)] = 0
    """0: not limited (`num_leaves` is the limit)."""
    num_leaves: Annotated[int, msgspec.Meta(ge=2, le=131_072)] = 31
    min_tree_child_weight: NotNegative = 1e-3
    """Least sum of hessians in a leaf."""
    min_tree_child_rows: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None
    """Fewest rows in a leaf. null: 20, or a 20th of the rows where that is less."""
    min_split_loss: NotNegative = 0.0
    """Least gain of a split."""
    l1_reg: NotNegative = 0.0
    l2_reg: NotNegative = 1.0
    subsample: Fraction = 0.8
    """Share of the rows that each round sees."""
    colsample_bytree: Fraction | None = None
    """Share of the features that each tree sees. null: a half where there are at least 8 features, else all."""
    colsample_bynode: Fraction = 1.0
    """Share of the features that each split sees."""
    max_bins: Annotated[int, msgspec.Meta(ge=2, le=65_535)] = 255
    """Bins of a number, at most."""
    max_category_slots: Annotated[int, msgspec.Meta(ge=2, le=10_000_000)] = 256
    """Categories of more slots are given to the trees as the label's mean in the slot (`target_means`)."""
    early_stop: bool = True
    patience: Annotated[int, msgspec.Meta(ge=1)] = 50
    """Rounds without progress on the eval rows after which training stops."""
    min_rel_progress: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    """Progress is a fall of the eval loss by more than this share."""


class BoostedTreeModel:
    """Fitted trees. `link` is 'identity', 'sigmoid' or 'softmax': from raw sums to scores."""

    def __init__(
        self,
        *,
        family: str,
        booster: lgb.Booster,
        link: str,
        columns: TreeColumns,
        means: tuple[TargetMeans, ...],
        curve: tuple[Iteration, ...],
        best_iteration: int,
    ) -> None:
        self.family = family
        self.curve = curve
        self.best_iteration = best_iteration
        self._booster = booster
        self._link = link
        self._columns, self._means = columns, means

    @property
    def trees(self) -> Trees:
        """The trees as arrays."""
        return parse_trees(self._booster.model_to_string())

    def predict(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()) -> Array:
        """Scores by LightGBM itself, for dense [n, d], ids [n, k] and each sparse feature: [n] or [n, c] float64."""
        matrix = self._columns.matrix(dense, ids, sparse, self._columns.look_up(ids, self._means))
        if not matrix.shape[0]:
            classes = {"identity": (), "sigmoid": (2,), "softmax": (self._booster.num_model_per_iteration(),)}
            return np.empty((0, *classes[self._link]))
        scores = np.asarray(self._booster.predict(matrix, num_threads=1))
        return np.stack([1 - scores, scores], axis=1) if self._link == "sigmoid" else scores

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()) -> str:
        """Add the trees behind the features; scores in float64, summed as LightGBM sums."""
        trees, parts = self.trees, self._columns.emit(emitter, dense, ids, self._means)
        if sparse:
            slots, trees = emit_used_slots(emitter, trees, sparse, self._columns)
            parts += [slots] if slots is not None else []
        return emit_link(emitter, emit_trees(emitter, trees, parts), self._link)

    def importance(self) -> Mapping[str, float]:
        """Total gain of the splits on each feature, on whichever of its columns."""
        features = self._columns.features
        gains = np.bincount(self._columns.owners, self._booster.feature_importance("gain"), len(features))
        return {feature.name: float(gain) for feature, gain in zip(features, gains, strict=True)}


def fit_trees(
    train: Encoded,
    evaluation: Encoded | None,
    options: BoostedTreeOptions,
    context: FitContext,
    *,
    family: str,
    objective: Mapping[str, Any],
) -> BoostedTreeModel:
    """Boost on `train`, keeping the round that is best on `evaluation` (all rounds without one).

    `objective` holds LightGBM's `objective`, `metric` and `num_class`.
    """
    columns = TreeColumns(train.features, max_slots=options.max_category_slots, width=num_outputs(context.num_classes))
    shift = prior_shift(context.class_offsets, context.num_classes)
    require_memory("boosted trees", bytes_in_memory(train, evaluation, columns, options, context), context)
    means = target_means(train, columns.wide, columns.wide_cardinalities, context.num_classes, context.seed)
    parameters = {**lightgbm_parameters(options, columns.num_columns, train.num_rows, context), **objective}
    _quieten()
    train_set = _dataset(EncodedRows(train, columns, means, context.seed), columns, parameters)
    watched = evaluation is not None and evaluation.num_rows > 0
    try:
        booster = lgb.Booster(parameters, train_set)
        if watched:
            rows = EncodedRows(evaluation, columns, means, None)  # type: ignore[arg-type]
            booster.add_valid(_dataset(rows, columns, parameters, train_set, shift), "eval")
        curve, best = _boost(booster, watched, train.num_rows, options, context)
    except lgb.basic.LightGBMError as error:
        raise TrainingError(Fault(what=f"LightGBM refused to train: {error}", where="model")) from error
    kept = lgb.Booster(model_str=booster.model_to_string(num_iteration=best))
    _shift_first_trees(kept, shift)
    return BoostedTreeModel(
        family=family,
        booster=kept,
        link=LINKS[objective["objective"]],
        columns=columns,
        means=means,
        curve=curve,
        best_iteration=best,
    )


def bytes_in_memory(
    train: Encoded,
    evaluation: Encoded | None,
    columns: TreeColumns,
    options: BoostedTreeOptions,
    context: FitContext,
) -> int:
    """What is held of the rows: the bin of each value, a score, a gradient and a hessian a class (float64, float32,
    float32), a label, a weight and the row's number; of sparse features the entries, with their columns."""
    splits = [split for split in (train, evaluation) if split is not None]
    rows, entries = sum(split.num_rows for split in splits), sum(split.num_entries for split in splits)
    bin_bytes = 1 if options.max_bins <= 255 else 2
    trees = context.num_classes if context.num_classes > 2 else 1
    values = rows * columns.first_slot
    listed = ENTRY_BYTES * (entries + values) if columns.has_sparse else 0
    return int(values * bin_bytes + listed + rows * (16 * trees + 12))


def lightgbm_parameters(
    options: BoostedTreeOptions, num_columns: int, num_rows: int, context: FitContext
) -> dict[str, Any]:
    """LightGBM's names and values for our options."""
    rows_in_leaf = options.min_tree_child_rows or min(20, max(1, num_rows // 20))
    return {
        "learning_rate": options.learn_rate,
        "max_depth": options.max_tree_depth or -1,
        "num_leaves": options.num_leaves,
        "min_sum_hessian_in_leaf": options.min_tree_child_weight,
        "min_data_in_leaf": rows_in_leaf,
        "min_data_per_group": max(1, min(100, num_rows // 20)),
        "min_gain_to_split": options.min_split_loss,
        "lambda_l1": options.l1_reg,
        "lambda_l2": options.l2_reg,
        "bagging_fraction": options.subsample,
        "bagging_freq": int(options.subsample < 1),
        "feature_fraction": options.colsample_bytree or (0.5 if num_columns >= 8 else 1.0),
        "feature_fraction_bynode": options.colsample_bynode,
        "max_bin": options.max_bins,
        "histogram_pool_size": HISTOGRAM_MEGABYTES,
        "zero_as_missing": False,
        "use_missing": True,
        "seed": context.seed,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": context.num_threads,
        "verbosity": -1,
    }


def _dataset(
    rows: EncodedRows,
    columns: TreeColumns,
    parameters: Mapping[str, Any],
    reference: lgb.Dataset | None = None,
    shift: npt.NDArray[np.float64] | None = None,
) -> lgb.Dataset:
    """The rows as LightGBM holds them; its losses of them are those of the raw scores plus `shift` [outputs]."""
    labels, weights = zip(*labels_and_weights(rows.encoded), strict=True)
    return lgb.Dataset(
        rows.whole() if columns.has_sparse else EncodedSequence(rows),
        label=np.concatenate(labels),
        weight=np.concatenate(weights) if rows.encoded.has_weight else None,
        init_score=None if shift is None or not shift.any() else np.repeat(shift, rows.encoded.num_rows),
        categorical_feature=columns.categorical,
        feature_name=[f"f{index}" for index in range(columns.num_columns)],
        params=dict(parameters),
        reference=reference,
    )


def _shift_first_trees(booster: lgb.Booster, shift: npt.NDArray[np.float64]) -> None:
    """Add to each output's raw score by the leaves of its first tree, where LightGBM keeps its own starting point."""
    trees = parse_trees(booster.model_to_string()).trees if shift.any() else ()
    for number, (tree, added) in enumerate(zip(trees, shift, strict=False)):
        for leaf, value in enumerate(tree.leaves):
            booster.set_leaf_output(number, leaf, value + added)


def _boost(
    booster: lgb.Booster, watched: bool, num_rows: int, options: BoostedTreeOptions, context: FitContext
) -> tuple[tuple[Iteration, ...], int]:
    """Run the rounds; the curve and the number of rounds to keep."""
    curve: list[Iteration] = []
    watch = EarlyStopping(
        patience=options.patience, min_rel_progress=options.min_rel_progress, enabled=options.early_stop
    )
    with context.progress.phase(
        "train", total=options.max_iterations, unit="rounds", at_most=options.early_stop and watched
    ) as phase:
        for round_number in range(1, options.max_iterations + 1):
            begun = time.perf_counter()
            exhausted = booster.update()
            loss = float(booster.eval_train()[0][2])
            eval_loss = float(booster.eval_valid()[0][2]) if watched else None
            if not np.isfinite(loss):
                raise _not_finite(round_number, loss)
            curve.append(
                Iteration(
                    iteration=round_number,
                    loss=loss,
                    eval_loss=eval_loss,
                    learning_rate=options.learn_rate,
                    duration_ms=1000 * (time.perf_counter() - begun),
                )
            )
            phase.advance(1, loss=loss, **({} if eval_loss is None else {"eval_loss": eval_loss}))
            stops = eval_loss is not None and watch.update(round_number, eval_loss)
            best = watch.best_iteration if watch.best_iteration > 0 else None
            tell_iteration(context.progress, curve[-1], num_rows=num_rows, max_iterations=options.max_iterations,
                           best_iteration=best)  # fmt: skip
            if stops and best is not None:
                context.progress.tell(
                    StoppedEarly(iteration=round_number, best_iteration=best, best_value=watch.best_loss)
                )
            if exhausted or stops:
                break
    return tuple(curve), watch.best_iteration if watched and watch.best_iteration > 0 else len(curve)


def _quieten() -> None:
    """Building a data set from a Sequence ignores `verbosity`; building one from a matrix sets it for what follows."""
    lgb.Dataset(np.zeros((1, 1)), label=np.zeros(1), params={"verbosity": -1}).construct()


def _not_finite(round_number: int, loss: float) -> TrainingError:
    return TrainingError(
        Fault(
            what=f"the loss became {loss} in round {round_number}",
            where="model.options.learn_rate",
            next_step="take a smaller learn_rate, or look for very large label values",
        )
    )
