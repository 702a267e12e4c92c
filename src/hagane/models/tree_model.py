"""`TreeModel`: fitted trees, boosted or a forest, as LightGBM's booster and as a graph."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hagane.explanation.explanation_facts import RawScale
from hagane.features.emit import Emitter
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.models.explained import ExplainedTensors, Explanation
from hagane.models.family import Array, Iteration
from hagane.models.lightgbm_trees import Trees, parse_trees
from hagane.models.tree_arrays_of import tree_arrays_of
from hagane.models.tree_columns import TreeColumns
from hagane.models.tree_graph import (
    emit_columns,
    emit_link,
    emit_mean,
    emit_trees,
    emit_used_slots,
    moved_trees,
    used_slots,
)
from hagane.models.tree_importance import TreeImportance, tree_importance
from hagane.models.tree_link import apply_link, num_scores
from hagane.models.tree_parameters import TreeParameters, tree_parameters

Floats = npt.NDArray[np.float64]
_RAW_SCALES: dict[str, RawScale] = {
    "identity": "value",
    "exp": "log",
    "sigmoid": "log_odds",
    "softmax": "logit",
    "share": "share",
    "shares": "share",
}
RELATIVE_TOLERANCE = 2.5e-7
"""Of the graph beside LightGBM."""


class TreeModel:
    """Fitted trees. `link` names what makes scores of the raw sums (`tree_link`)."""

    def __init__(
        self,
        learned: TreeParameters,
        *,
        family: str,
        link: str,
        columns: TreeColumns,
        curve: tuple[Iteration, ...],
        best_iteration: int,
    ) -> None:
        self.family = family
        self.learned = learned
        self.curve = curve
        self.best_iteration = best_iteration
        self._booster = learned.booster()
        self._link = link
        self._columns = columns

    @functools.cached_property
    def trees(self) -> Trees:
        """The trees as arrays."""
        return parse_trees(self.learned.text)

    def predict(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()) -> Array:
        """Scores by LightGBM itself, for dense [n, d], ids [n, k] and each sparse feature: [n] or [n, c] float64."""
        means, mean = self.learned.means, self.learned.mean
        matrix = self._columns.matrix(dense, ids, sparse, self._columns.look_up(ids, means))
        if not matrix.shape[0]:
            return np.empty((0, *num_scores(self._link, self._booster.num_model_per_iteration())))
        if mean is None:
            found = np.asarray(self._booster.predict(matrix, num_threads=1))
            return np.stack([1 - found, found], axis=1) if self._link == "sigmoid" else found
        sums = np.asarray(self._booster.predict(matrix, num_threads=1, raw_score=True))
        return apply_link(self._link, mean.level + sums.reshape(len(sums), -1) / mean.num_trees)

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()) -> str:
        """Add the trees behind the features; scores in float64, summed as LightGBM sums."""
        return self.emit_link(emitter, self.emit_explained(emitter, dense, ids, sparse).raw)

    def emit_explained(
        self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()
    ) -> ExplainedTensors:
        """Add the trees; the columns that they split on, and the raw scores."""
        parts = self._columns.emit(emitter, dense, ids, self.learned.means)
        slots = emit_used_slots(emitter, used_slots(self.trees, self._columns), sparse, self._columns)
        parts += [slots] if slots is not None else []
        columns = emit_columns(emitter, parts)
        raw = emit_trees(emitter, self._moved_trees, columns)
        if (mean := self.learned.mean) is not None:
            raw = emit_mean(emitter, raw, mean.level, mean.num_trees)
        return ExplainedTensors(columns, raw)

    def emit_link(self, emitter: Emitter, raw: str) -> str:
        """Add what makes scores of raw scores."""
        return emit_link(emitter, raw, self._link)

    def explanation(self) -> Explanation:
        """The trees with the rows that went each way, and whose the columns are that they split on."""
        trees, mean = self._moved_trees, self.learned.mean
        first, slots = self._columns.first_slot, used_slots(self.trees, self._columns)
        level, num_trees = (np.zeros(trees.num_outputs), 1) if mean is None else mean
        arrays = tree_arrays_of(trees, level=np.asarray(level, np.float64).reshape(-1), num_trees=num_trees)
        return Explanation(
            method="tree_shap",
            raw_scale=_RAW_SCALES[self._link],
            num_raw=trees.num_outputs,
            owners=(*self._columns.owners[:first].tolist(), *self._columns.owners[first + slots].tolist()),
            tensors=arrays._asdict(),
        )

    @functools.cached_property
    def _moved_trees(self) -> Trees:
        """The trees as they look at the columns of the graph, which has no slots that none of them asks for."""
        return moved_trees(self.trees, used_slots(self.trees, self._columns), self._columns)

    def parameters(self) -> Mapping[str, bytes]:
        """The trees, behind which a later fit grows more."""
        return tree_parameters(self.learned, self._link)

    def importance(self) -> Mapping[str, float]:
        """Total gain of the splits on each feature, on whichever of its columns."""
        features = self._columns.features
        gains = np.bincount(self._columns.owners, self._booster.feature_importance("gain"), len(features))
        return {feature.name: float(gain) for feature, gain in zip(features, gains, strict=True)}

    def tree_importance(self) -> TreeImportance:
        """Splits, and what they gain and cover, by feature."""
        names = [feature.name for feature in self._columns.features]
        return tree_importance(self.trees, names, self._columns.owners)
