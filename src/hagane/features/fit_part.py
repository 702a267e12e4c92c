"""`FitPart`: what a transform's analyzers learn from some of the rows, so that a cluster can fit by parts.

Each worker measures its rows (`fit_part`), what it found travels as JSON, any one merges, and `FitPart.fit` gives the
`Transform`: that of a fit on all rows, exactly where counts and extremes decide, up to the last bits where means and
deviations do, and within the error of their sketch (0.3 % of the ranks) where quantiles do. Text made around an
analyzer has its vocabulary counted when that analyzer is known to all: in a second pass, given what the first found.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from hagane.errors import DataError, Fault
from hagane.features.analyzers.analyzer import Aggregates, Measured, ValueCounts
from hagane.features.fit import ask, asked_by, parameters_of
from hagane.features.lower import analyses, bind_features, learns, lower
from hagane.features.measure_nodes import measure_nodes
from hagane.features.moments import Moments, rounded_moments
from hagane.features.resolve_transform import resolve_transform
from hagane.features.transform import Transform
from hagane.features.vectors import expand_vectors
from hagane.progress import SILENT, Progress
from hagane.sql.expression import Analyze
from hagane.statistics.quantile_sketch import QuantileSketch
from hagane.types import Column, Schema

if TYPE_CHECKING:
    from hagane.data.table import Table

LARGEST_VOCABULARY = 1_000_000
"""Values that a part keeps of one argument: a category of more is cut, and the counts may then be off."""
RANKS = 1_024
"""Quantiles that a part keeps of one argument."""
_Number = int | float
_JOINED: dict[str, Callable[[_Number, _Number], _Number]] = {
    "min(": min,
    "max(": max,
    "count(": operator.add,
    "sum(": operator.add,
}
"""Beginning of an aggregate → how two of its answers become one."""


class NodePart(msgspec.Struct, frozen=True, kw_only=True):
    """What one analyzer's argument was found to be, in some of the rows."""

    count: int
    """Values that are there (and finite)."""
    scalars: dict[str, float | int | None] = {}
    mean: float | None = None
    stddev: float | None = None
    quantiles: QuantileSketch | None = None
    values: dict[str, int] | None = None
    """Value (as JSON) → rows."""
    max_unlisted: int = 0
    """How often a value that is not among `values` may occur."""

    def merge(self, other: NodePart, asked: Aggregates) -> NodePart:
        """Of both parts' rows."""
        mean, stddev = _joined_moments(self, other)
        values = None if self.values is None else dict(self.values)
        for value, rows in (other.values or {}).items():
            values = values if values is not None else {}
            values[value] = values.get(value, 0) + rows
        sketches = [each for each in (self.quantiles, other.quantiles) if each is not None]
        return NodePart(
            count=self.count + other.count,
            scalars={
                name: _joined(sql, self.scalars[name], other.scalars[name]) for name, sql in asked.scalars.items()
            },
            mean=mean,
            stddev=stddev,
            quantiles=sketches[0].merge(sketches[1]) if len(sketches) == 2 else next(iter(sketches), None),
            values=values,
            max_unlisted=self.max_unlisted + other.max_unlisted,
        )

    def measured(self, asked: Aggregates) -> Measured:
        """The answers, as if all rows had been asked at once."""
        scalars: dict[str, object] = dict(self.scalars)
        if asked.moments:
            scalars |= rounded_moments(Moments(self.mean, self.stddev))._asdict()
        for name, fractions in asked.quantiles.items():
            scalars[name] = None if self.quantiles is None else list(self.quantiles.quantiles(fractions))
        wanted = asked.counts or asked.tokens
        return Measured(scalars, () if wanted is None else self._frequent(wanted))

    def _frequent(self, wanted: ValueCounts) -> tuple[tuple[bool | int | float | str, int], ...]:
        pairs = [(msgspec.json.decode(text), rows) for text, rows in (self.values or {}).items()]
        kept = [pair for pair in pairs if pair[1] >= wanted.min_count]
        return tuple(sorted(kept, key=lambda pair: (-pair[1], pair[0]))[: wanted.limit])


class FitPart(msgspec.Struct, frozen=True, kw_only=True):
    """What a transform learns from some of the rows; round-trips through JSON."""

    transform: dict[str, str]
    """Every implicit step spelled out."""
    columns: tuple[Column, ...]
    accepts_missing: bool
    nodes: tuple[NodePart, ...]
    """One an analyzer that this pass measured, in the order in which the transform holds them."""
    first: FitPart | None = None
    """What the first pass found in all rows, where this is of the second."""

    @property
    def needs_second_pass(self) -> bool:
        """Whether the parts are to be measured once more (`fit_part(…, fitted=…)`) before `fit`."""
        return self.first is None and any(learns(node.argument) for node in self._analyses)

    def merge(self, other: FitPart) -> FitPart:
        """Of both parts' rows together. Raises DataError for parts of different transforms, tables or passes."""
        if self._fit_of != other._fit_of or self.first != other.first:
            raise DataError(_different_fits(self, other))
        pairs = zip(self._measured, self.nodes, other.nodes, strict=True)
        return msgspec.structs.replace(self, nodes=tuple(a.merge(b, asked_by(node)) for node, a, b in pairs))

    def fit(self, *, dense_dtype: str = "float32") -> Transform:
        """The fitted transform. Raises DataError while a second pass is to come (`needs_second_pass`)."""
        if self.needs_second_pass:
            raise DataError(
                Fault(
                    what="text around an analyzer learns its vocabulary in a second pass",
                    next_step="measure every part again, fit_part(…, fitted=…) of the first pass merged; merge those",
                )
            )
        schema = Schema(self.columns)
        bound = bind_features(self.transform, schema)
        known = self._fitted
        fitted = {node: known[node] for node in self._analyses}
        return Transform.make(
            self.transform, bound, schema, fitted, dense_dtype=dense_dtype, accepts_missing=self.accepts_missing
        )

    @property
    def _fitted(self) -> dict[Analyze, msgspec.Struct]:
        """What is known of every analyzer that this pass and the one before measured."""
        before = {} if self.first is None else self.first._fitted
        return before | {
            node: parameters_of(node, part.measured(asked_by(node)))
            for node, part in zip(self._measured, self.nodes, strict=True)
        }

    @property
    def _fit_of(self) -> tuple[object, ...]:
        return self.transform, self.columns, self.accepts_missing

    @property
    def _measured(self) -> list[Analyze]:
        """The analyzers of `nodes`: those inside others belong to the first pass."""
        return [node for node in self._analyses if learns(node.argument) is (self.first is not None)]

    @property
    def _analyses(self) -> list[Analyze]:
        return list(analyses(bind_features(self.transform, Schema(self.columns)).values()))

    def to_json(self) -> bytes:
        """As JSON, which `from_json` reads back equal."""
        return msgspec.json.encode(self)

    @staticmethod
    def from_json(text: bytes) -> FitPart:
        """From what `to_json` wrote. Raises msgspec.ValidationError for anything else."""
        return msgspec.json.decode(text, type=FitPart)


def fit_part(transform: Mapping[str, str], table: Table, *, accepts_missing: bool, fitted: FitPart | None = None,
             progress: Progress = SILENT) -> FitPart:  # fmt: skip
    """Measure what `transform` must know, on the rows of `table`: one part of the training rows.

    `fitted` is what the first pass found in all parts, for the second where `FitPart.needs_second_pass` says so. Raises
    ExpressionError with every fault, as `fit_transform`, and DataError where `fitted` is of another fit.

    >>> import pyarrow as pa
    >>> from hagane.data.open_table import open_table
    >>> parts = [
    ...     fit_part({"n": "ML.MIN_MAX_SCALER(n) OVER ()"}, open_table(pa.table({"n": n})), accepts_missing=True)
    ...     for n in ([1, 5], [9, None])
    ... ]
    >>> list(parts[0].merge(parts[1]).fit().fitted.values())
    [MinMaxScalerParameters(min=1.0, max=9.0)]
    """
    resolved = resolve_transform(transform, table.schema, accepts_missing=accepts_missing)
    with progress.phase("fit a part", total=None) as phase:
        resolved = expand_vectors(
            resolved, table.schema, functools.partial(ask, table, phase), accepts_missing=accepts_missing
        )
        empty = FitPart(transform=dict(resolved), columns=table.schema.columns, accepts_missing=accepts_missing,
                        nodes=(), first=fitted)  # fmt: skip
        if fitted is not None and empty._fit_of != fitted._fit_of:
            raise DataError(_different_fits(fitted, empty))
        known = {} if fitted is None else fitted._fitted
        nodes = [replace(node, argument=lower(node.argument, known)) for node in empty._measured]
        found = measure_nodes(table, {node: _asked_of_a_part(asked_by(node)) for node in nodes}, phase)
    return msgspec.structs.replace(empty, nodes=tuple(_node_part(asked_by(node), found[node]) for node in nodes))


def _different_fits(one: FitPart, other: FitPart) -> Fault:
    return Fault(
        what="parts of different fits cannot be merged",
        expected=", ".join(one.transform),
        received=", ".join(other.transform),
        next_step="measure every part with one transform, over tables of one schema, in one pass after the other",
    )


def _asked_of_a_part(asked: Aggregates) -> Aggregates:
    """The same, before anything is left out: every value's count, many ranks instead of the few."""
    every = ValueCounts(1, LARGEST_VOCABULARY)
    return Aggregates(
        scalars={**asked.scalars, "$count": "count({x})"},
        counts=every if asked.counts else None,
        tokens=every if asked.tokens else None,
        moments=asked.moments,
        quantiles={"$ranks": tuple((i + 0.5) / RANKS for i in range(RANKS))} if asked.quantiles else {},
    )


def _node_part(asked: Aggregates, measured: Measured) -> NodePart:
    scalars = dict(measured.scalars)
    count = int(scalars["$count"] or 0)  # type: ignore[call-overload]
    ranks = np.asarray(scalars.get("$ranks") or [], np.float64)
    listed = measured.counts
    is_counted = asked.counts is not None or asked.tokens is not None
    return NodePart(
        count=count,
        scalars={name: scalars[name] for name in asked.scalars},  # type: ignore[misc]
        mean=scalars.get("mean"),  # type: ignore[arg-type]
        stddev=scalars.get("stddev"),  # type: ignore[arg-type]
        quantiles=QuantileSketch.of(ranks, count, k=RANKS, is_sample=False),
        values={msgspec.json.encode(value).decode(): rows for value, rows in listed} if is_counted else None,
        max_unlisted=listed[-1][1] if len(listed) == LARGEST_VOCABULARY else 0,
    )


def _joined(sql: str, a: float | int | None, b: float | int | None) -> float | int | None:
    if a is None or b is None:
        return b if a is None else a
    return next(join for start, join in _JOINED.items() if sql.startswith(start))(a, b)


def _joined_moments(a: NodePart, b: NodePart) -> tuple[float | None, float | None]:
    """Mean and sample deviation by Chan, Golub and LeVeque (1979)."""
    if a.mean is None or b.mean is None:
        known = b if a.mean is None else a
        return known.mean, known.stddev
    n, delta = a.count + b.count, b.mean - a.mean
    squares = (a.stddev or 0.0) ** 2 * (a.count - 1) + (b.stddev or 0.0) ** 2 * (b.count - 1)
    return a.mean + delta * b.count / n, math.sqrt((squares + delta**2 * a.count * b.count / n) / (n - 1))
