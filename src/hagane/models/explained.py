"""What a fitted model tells so that a bundle can explain its answers (`hagane.explanation`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy.typing as npt

from hagane.explanation.explanation_facts import Method, RawScale
from hagane.features.emit import Emitter
from hagane.features.graph_ports import SparsePort


class ExplainedTensors(NamedTuple):
    """Names of tensors of a graph."""

    columns: str
    """[n, w] float64: what attributions are of, before they are gathered."""
    raw: str
    """[n, c] float64: what attributions add up to."""


class Explanation(NamedTuple):
    """How a model is explained."""

    method: Method
    raw_scale: RawScale
    num_raw: int
    owners: tuple[int, ...]
    """[w] the feature of each column: dense features first, then ids, then sparse ones."""
    tensors: Mapping[str, npt.NDArray[Any]] = {}
    """What the method needs besides the rows' columns."""
    gradient: bytes | None = None
    """A graph of raw scores and their gradients in the columns, where the method asks for it."""
    rounding: tuple[float, ...] = ()
    """[c] what the gradient's graph rounds raw scores to, where that is no longer nothing; absolute."""
    may_fail: bool = False
    """Whether attributions may miss their sum without a fault of ours: a user's module may jump."""
    note: str = ""
    """Why it is this method, where another was to be expected."""

    def by_answers(self, note: str) -> Explanation:
        """The same raw scores, explained by asking the model alone."""
        return Explanation("sampled_shapley", self.raw_scale, self.num_raw, (0,) * self.num_raw, note=note)


@runtime_checkable
class ExplainedModel(Protocol):
    """A `FittedModel` whose answers can be explained."""

    def explanation(self) -> Explanation | None:
        """The method, and what it needs; None where this one model cannot be explained after all."""

    def emit_explained(
        self, emitter: Emitter, dense: str | None, ids: str | None, sparse: Sequence[SparsePort] = ()
    ) -> ExplainedTensors:
        """Add the nodes of `emit` as far as the raw scores, and the columns."""

    def emit_link(self, emitter: Emitter, raw: str) -> str:
        """Add what makes scores of raw scores [n, c] float64; their name."""
