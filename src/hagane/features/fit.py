"""Learn what a transform's analyzers must know, in the database, from the training rows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from hagane.features.analyzers import get_analyzer
from hagane.features.analyzers.analyzer import Aggregates, Measured
from hagane.features.lower import Fitted, analyses, bind_features, learns, lower
from hagane.features.measure_nodes import measure_nodes
from hagane.features.resolve_transform import resolve_transform
from hagane.features.transform import Transform
from hagane.features.vectors import expand_vectors
from hagane.progress import SILENT, Phase, Progress
from hagane.sql.expression import Analyze

if TYPE_CHECKING:
    from hagane.data.table import Table
    from hagane.features.fit_answers import FitAnswers

Asking = Callable[[Sequence[Analyze]], list[Measured]]


def fit_transform(
    transform: Mapping[str, str],
    table: Table,
    *,
    dense_dtype: str = "float32",
    accepts_missing: bool,
    answers: FitAnswers | None = None,
    progress: Progress = SILENT,
) -> Transform:
    """Fit `transform` (feature name → SQL) on the rows of `table`: the training rows, and no others.

    Implicit steps are made explicit first (`resolve_transform`). What is asked about columns as they lie is aggregated
    by DuckDB in a scan or two; what is asked about computed values, over the graph's own output; what `answers`
    have is not asked again. Raises ExpressionError with every fault.
    """
    resolved = resolve_transform(transform, table.schema, accepts_missing=accepts_missing)
    with progress.phase("fit", total=None) as phase:
        asking = functools.partial(ask, table, phase, answers=answers)
        resolved = expand_vectors(resolved, table.schema, asking, accepts_missing=accepts_missing)
        bound = bind_features(resolved, table.schema)
        fitted = _learn(asking, analyses(bound.values()))
    return Transform.make(
        resolved, bound, table.schema, fitted, dense_dtype=dense_dtype, accepts_missing=accepts_missing
    )


def _learn(asking: Asking, nodes: Sequence[Analyze]) -> Fitted:
    """What every analyzer keeps: those inside others first, which are then measured over what these give."""
    inner = [node for node in nodes if not learns(node.argument)]
    fitted = dict(zip(inner, map(parameters_of, inner, asking(inner)), strict=True))
    outer = [node for node in nodes if node not in fitted]
    lowered = [replace(node, argument=lower(node.argument, fitted)) for node in outer]
    fitted |= zip(outer, map(parameters_of, lowered, asking(lowered)), strict=True)
    return {node: fitted[node] for node in nodes}


def ask(table: Table, phase: Phase, nodes: Sequence[Analyze], *, answers: FitAnswers | None = None) -> list[Measured]:
    """What each analyzer asks about its argument, in order."""
    asked = {node: asked_by(node) for node in nodes}
    found = measure_nodes(table, asked, phase) if answers is None else answers.measure(table, asked, phase)
    return [found[node] for node in nodes]


def asked_by(node: Analyze) -> Aggregates:
    """What an analyzer must know about its argument."""
    return get_analyzer(node.function).aggregates(node.options, node.argument.type)


def parameters_of(node: Analyze, measured: Measured) -> msgspec.Struct:
    """What an analyzer keeps of the answers."""
    return get_analyzer(node.function).parameters(node.options, node.argument.type, measured)
