"""`TorchModuleModel`: a fitted module of the user's own, in float32."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hagane.features.emit import Emitter
from hagane.features.emit_gradient import NoGradientError
from hagane.features.graph_ports import SparsePort
from hagane.models.explained import ExplainedTensors, Explanation
from hagane.models.explained_torch_module import ExplainedTorchModule, explained_torch_module
from hagane.models.named_features import NamedFeatures
from hagane.models.torch_model import TorchModel

ROUNDING = 4e-6
"""Of float32 through a module whose outputs are near 1: log odds, or a number that is standardised."""


class TorchModuleModel(TorchModel):
    """A fitted module of the user's own, in float32.

    It is explained by integrated gradients where torch's gradients of it have a graph, else by its answers alone.
    """

    @property
    def score_unit(self) -> float | npt.NDArray[np.float64]:
        """What float32 rounds relative to: the label's deviation, of several each one's; 1 for probabilities."""
        return self.target.score_unit

    def explanation(self) -> Explanation:
        """Integrated gradients; by answers, with a note that says what stands in the way, where there are none."""
        by_answers = super().explanation()
        taken = self._taken_apart
        if isinstance(taken, NoGradientError):
            return by_answers.by_answers(f"explained by sampled Shapley values: there is no gradient of {taken}")
        return by_answers._replace(
            method="integrated_gradients",
            owners=taken.owners,
            gradient=self._torch_gradient(taken),
            rounding=tuple((ROUNDING * self._scales).tolist()),
            may_fail=True,
        )

    def emit_explained(
        self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()
    ) -> ExplainedTensors:
        """Add the columns, and the raw scores."""
        explained = super().emit_explained(emitter, dense, ids, sparse)
        taken = self._taken_apart
        if isinstance(taken, NoGradientError):
            return explained
        return ExplainedTensors(taken.emit_columns(emitter, dense, ids, sparse), explained.raw)

    @functools.cached_property
    def _taken_apart(self) -> ExplainedTorchModule | NoGradientError:
        assert isinstance(self.module, NamedFeatures)
        try:
            return explained_torch_module(self.module)
        except NoGradientError as error:
            return error

    @property
    def _scales(self) -> npt.NDArray[np.float64]:
        """[c] what outputs are multiplied by to become raw scores."""
        scale = self.target.units[0] if self.target.link == "identity" else 1.0
        return np.broadcast_to(np.asarray(scale, np.float64), (self.target.num_outputs,))

    def _torch_gradient(self, taken: ExplainedTorchModule) -> bytes:
        """`columns` [n, w] and `seed` [n, c] → `raw` [n, c] and `gradient` [n, w] of Σ seed · raw, in float64."""
        emitter, width, c = Emitter(), len(taken.owners), self.target.num_outputs
        columns = emitter.input("columns", np.float64, ("n", width))
        seed = emitter.input("seed", np.float64, ("n", c))
        scaled = emitter.node("Mul", seed, emitter.constant(np.array(self._scales)))
        output, gradient = taken.emit_gradient(emitter, columns, scaled)
        emitter.output("raw", self._in_own_unit(emitter, output), np.float64, ("n", c))
        emitter.output("gradient", gradient, np.float64, ("n", width))
        serialized: bytes = emitter.model().SerializeToString(deterministic=True)
        return serialized
