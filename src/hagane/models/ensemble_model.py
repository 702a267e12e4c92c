"""`EnsembleModel`: several fitted models whose answers are mixed, in one graph.

A weighted mean is of probabilities as they are, not of their log odds: it is never surer than its surest member, a
member that answers 0 or 1 (a forest) does not outvote all others, and no clipping is needed. Numbers are mixed in the
label's own unit.

Shapes: n rows, c classes; scores [n] of a number, [n, c] of classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hagane.features.emit import Emitter
from hagane.features.feature import Feature
from hagane.features.graph_ports import SparsePort
from hagane.features.sparse_rows import SparseRows
from hagane.models.ensemble_member import FittedMember
from hagane.models.ensemble_mixture import Mixture
from hagane.models.explained import ExplainedTensors, Explanation
from hagane.models.family import Array, Iteration, score_unit
from hagane.models.rounding import Rounded

Floats = npt.NDArray[np.float64]


class EnsembleModel:
    """The members that have a say, and what stands behind them; `num_classes` is 0 for a number."""

    def __init__(
        self,
        *,
        family: str,
        features: tuple[Feature, ...],
        members: Sequence[FittedMember],
        mixture: Mixture,
        num_classes: int,
        curve: tuple[Iteration, ...] = (),
    ) -> None:
        self.family = family
        self.features = features
        self.members = tuple(members)
        self.mixture = mixture
        self.num_classes = num_classes
        self.curve = curve
        self._emitted: tuple[Emitter, str] | None = None

    @property
    def best_iteration(self) -> int:
        """The last one: it is the ensemble itself."""
        return len(self.curve)

    @property
    def shares(self) -> Floats:
        """[m] what each member has to say: weights that add up to 1."""
        weights = self.mixture.weights
        return np.asarray(weights / weights.sum())

    @property
    def score_unit(self) -> float:
        """The largest of the members'."""
        return max(float(np.max(score_unit(model))) for member in self.members for model in member.models)

    @property
    def rounding(self) -> float:
        """The members', by their weights."""
        return sum(
            float(weight) * model.rounding / len(member.models)
            for member, weight in zip(self.members, self.mixture.weights, strict=True)
            for model in member.models
            if isinstance(model, Rounded)
        )

    def predict(self, dense: Array | None, ids: Array | None, sparse: Sequence[SparseRows] = ()) -> Array:
        """Scores in float64, for dense [n, d], ids [n, k] and each sparse feature."""
        return self.mixture.mix([member.scores(dense, ids, sparse) for member in self.members])

    def emit(self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()) -> str:
        """Add the nodes of all members; scores in float64. Asked twice for one graph, they are made once."""
        if self._emitted is None or self._emitted[0] is not emitter:
            scores = [member.emit(emitter, dense, ids, sparse) for member in self.members]
            self._emitted = emitter, self.mixture.emit(emitter, scores)
        return self._emitted[1]

    def importance(self) -> Mapping[str, float]:
        """The members' shares of each feature, by the members' weights: they add up to 1."""
        found = dict.fromkeys((feature.name for feature in self.features), 0.0)
        for member, weight in zip(self.members, self.shares.tolist(), strict=True):
            for name, share in member.importance().items():
                found[name] += weight * share
        return found

    def explanation(self) -> Explanation:
        """By answers alone: members are explained in spaces of their own, and a mean of probabilities is in none."""
        if self.num_classes:
            num_raw = 1 if self.num_classes == 2 else self.num_classes
            return Explanation("sampled_shapley", "share", num_raw, (0,) * num_raw)
        return Explanation("sampled_shapley", "value", 1, (0,))

    def emit_explained(
        self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()
    ) -> ExplainedTensors:
        """Add the raw scores: the number, the second class's probability of two, else each class's."""
        raw = self.emit(emitter, dense, ids, sparse)
        if self.num_classes == 2:
            raw = emitter.node("Gather", raw, emitter.constant(np.array([1], np.int64)), axis=1)
        elif not self.num_classes:
            raw = emitter.node("Reshape", raw, emitter.constant(np.array([-1, 1], np.int64)))
        return ExplainedTensors(raw, raw)

    def emit_link(self, emitter: Emitter, raw: str) -> str:
        """Add what makes scores of raw scores [n, c]."""
        if not self.num_classes:
            return emitter.node("Reshape", raw, emitter.constant(np.array([-1], np.int64)))
        if self.num_classes > 2:
            return raw
        return emitter.node("Concat", emitter.node("Sub", emitter.constant(np.float64(1)), raw), raw, axis=1)
