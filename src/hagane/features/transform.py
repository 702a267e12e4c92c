"""`Transform`: the fitted feature graph, from raw columns to `dense`, `ids`, `sparse.*` and `row_error`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from hagane.features.analyzers import get_analyzer
from hagane.features.emit import Emitter
from hagane.features.feature import Feature
from hagane.features.lower import Fitted, LoweredFeature, analyses, bind_features, lower_feature
from hagane.features.plan import Ports, emit_features, packed_order
from hagane.runtime.layout import InputLayout
from hagane.sql.expression import Analyze, Expression, columns_of
from hagane.types import Column, Schema

FORMAT_VERSION = 1


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """What one analyzer learned."""

    function: str
    features: tuple[str, ...]
    """The features in which it stands."""
    parameters: dict[str, Any]
    """The analyzer's own parameters (`analyzers.<name>.Parameters`), as JSON values."""


class TransformDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted transform as JSON; `learned` is in order of first mention in `expressions`."""

    format_version: int = FORMAT_VERSION
    expressions: dict[str, str]
    columns: tuple[Column, ...]
    learned: tuple[Learned, ...]
    dense_dtype: str
    accepts_missing: bool
    dense: tuple[str, ...]
    """Names of the dense features in the order of the tensor `dense`."""
    ids: tuple[str, ...]
    sparse: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transform:
    """A fitted transform. `fit_transform` makes one; `to_json` / `from_json` take it through a file."""

    expressions: Mapping[str, str]
    """Feature name → SQL with every implicit step spelled out, in the user's order."""
    columns: tuple[Column, ...]
    """The raw columns that are read, in the order of the table."""
    fitted: Fitted
    """Analytic function → what its analyzer keeps."""
    bound: Mapping[str, Expression]
    """`expressions`, typed."""
    dense_dtype: str
    accepts_missing: bool
    dense: tuple[Feature, ...]
    """Dense features in the order of the tensor `dense`."""
    ids: tuple[Feature, ...]
    """Id features in the order of the tensor `ids`."""
    sparse: tuple[Feature, ...] = ()
    """Sparse features in the order of their tensors."""

    @classmethod
    def make(cls, expressions: Mapping[str, str], bound: Mapping[str, Expression], schema: Schema, fitted: Fitted, *,
             dense_dtype: str, accepts_missing: bool) -> Transform:  # fmt: skip
        """A transform whose features lie in the order in which they are cheapest to compute."""
        lowered = [lower_feature(name, expression, fitted) for name, expression in bound.items()]
        columns = columns_read(bound, schema)
        order = packed_order(lowered, InputLayout(columns))
        return cls(dict(expressions), columns, fitted, bound, dense_dtype, accepts_missing, *order)

    @property
    def layout(self) -> InputLayout:
        """How the raw columns become the graph's inputs."""
        return InputLayout(self.columns)

    @property
    def features(self) -> tuple[Feature, ...]:
        """Dense features first, then ids, then sparse ones: the order of `Encoded`."""
        return self.dense + self.ids + self.sparse

    @property
    def parameters(self) -> tuple[Learned, ...]:
        """What was learned, in order of first mention, for display."""
        mentions: dict[Analyze, list[str]] = {}
        for name, expression in self.bound.items():
            for node in analyses([expression]):
                mentions.setdefault(node, []).append(name)
        return tuple(
            Learned(function=node.function, features=tuple(mentions[node]), parameters=msgspec.to_builtins(kept))
            for node, kept in self.fitted.items()
        )

    def lowered(self) -> list[LoweredFeature]:
        """Every feature's scalar tree, in the order of `features`."""
        return [lower_feature(feature.name, self.bound[feature.name], self.fitted) for feature in self.features]

    def emit(self, emitter: Emitter) -> Ports:
        """Add the graph's inputs (`layout_inputs`) and nodes to `emitter`; the tensors that hold the features.

        Outputs are not declared: the caller does, or puts a model's graph behind.
        """
        return emit_features(emitter, self.lowered(), self.layout, dense_dtype=self.dense_dtype,
                             accepts_missing=self.accepts_missing)  # fmt: skip

    def to_json(self) -> bytes:
        """The fitted transform as JSON: SQL, columns, parameters."""
        return msgspec.json.format(msgspec.json.encode(TransformDocument(
            expressions=dict(self.expressions), columns=self.columns, learned=self.parameters,
            dense_dtype=self.dense_dtype, accepts_missing=self.accepts_missing,
            dense=tuple(feature.name for feature in self.dense), ids=tuple(feature.name for feature in self.ids),
            sparse=tuple(feature.name for feature in self.sparse),
        )), indent=1)  # fmt: skip

    @classmethod
    def from_json(cls, data: bytes) -> Transform:
        """The transform that `to_json` wrote. Raises msgspec.ValidationError for anything else."""
        document = msgspec.json.decode(data, type=TransformDocument)
        bound = bind_features(document.expressions, Schema(document.columns))
        nodes = analyses(bound.values())
        fitted = {node: _decode(node, learned) for node, learned in zip(nodes, document.learned, strict=True)}
        by_name = {name: lower_feature(name, expression, fitted).feature for name, expression in bound.items()}
        return cls(
            document.expressions,
            document.columns,
            fitted,
            bound,
            document.dense_dtype,
            document.accepts_missing,
            tuple(by_name[name] for name in document.dense),
            tuple(by_name[name] for name in document.ids),
            tuple(by_name[name] for name in document.sparse),
        )


def columns_read(bound: Mapping[str, Expression], schema: Schema) -> tuple[Column, ...]:
    """The raw columns that some expression reads, in the order of `schema`."""
    read = {name for expression in bound.values() for name in columns_of(expression)}
    return tuple(column for column in schema if column.name in read)


def _decode(node: Analyze, learned: Learned) -> msgspec.Struct:
    return msgspec.convert(learned.parameters, get_analyzer(node.function).Parameters)
