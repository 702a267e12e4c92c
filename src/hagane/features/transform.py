"""`Transform`: the fitted feature graph, from raw columns to `dense`, `ids` and `row_error`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from hagane.features.emit import Emitter
from hagane.features.feature import Feature
from hagane.runtime.layout import InputLayout
from hagane.sql.expression import Expression
from hagane.types import Column


class Ports(NamedTuple):
    """Tensors by which the model's graph joins: `dense` [n, d] or None, `ids` [n, k] int64 or None, `row_error` [n] bool."""

    dense: str | None
    ids: str | None
    row_error: str


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """What one analyzer learned."""

    function: str
    features: tuple[str, ...]
    """The features in which it stands."""
    parameters: dict[str, Any]
    """The analyzer's own parameters (`analyzers.<name>.Parameters`), as JSON values."""


@dataclass(frozen=True)
class Transform:
    """A fitted transform. `fit_transform` makes one; `to_json` / `from_json` take it through a file."""

    expressions: Mapping[str, str]
    """Feature name → SQL with every implicit step spelled out, in the user's order."""
    bound: Mapping[str, Expression]
    """The same, typed."""
    columns: tuple[Column, ...]
    """The raw columns that are read, in the order of the table."""
    learned: tuple[Learned, ...]
    dense_dtype: str
    accepts_missing: bool
    dense: tuple[Feature, ...]
    """Dense features in the order of the tensor `dense`."""
    ids: tuple[Feature, ...]
    """Id features in the order of the tensor `ids`."""

    @property
    def layout(self) -> InputLayout:
        """How the raw columns become the graph's inputs."""
        return InputLayout(self.columns)

    @property
    def features(self) -> tuple[Feature, ...]:
        """Dense features first, then ids: the order of `Encoded`."""
        return self.dense + self.ids

    @property
    def parameters(self) -> tuple[Learned, ...]:
        """What was learned, for display."""
        return self.learned

    def emit(self, emitter: Emitter) -> Ports:
        """Add the graph's inputs (`layout_inputs`) and nodes to `emitter`; the tensors that hold the features.

        Outputs are not declared: the caller does, or puts a model's graph behind.
        """
        raise NotImplementedError

    def to_json(self) -> bytes:
        """The fitted transform as JSON: SQL, columns, parameters."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, data: bytes) -> Transform:
        """The transform that `to_json` wrote."""
        raise NotImplementedError
