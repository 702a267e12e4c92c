"""Learn what a transform's analyzers must know, in the database, from the training rows."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from hagane.features.analyzers import get_analyzer
from hagane.features.analyzers.analyzer import Aggregates, Measured
from hagane.features.derived import measure_derived
from hagane.features.lower import Fitted, analyses, bind_features, learns, lower
from hagane.features.measure import Question, measure
from hagane.features.pushdown import can_push_down
from hagane.features.resolve_transform import resolve_transform
from hagane.features.transform import Transform
from hagane.features.vectors import expand_vectors
from hagane.progress import SILENT, Phase, Progress
from hagane.sql.expression import Analyze
from hagane.sql.to_duckdb import to_duckdb

if TYPE_CHECKING:
    from hagane.data.table import Table


def fit_transform(transform: Mapping[str, str], table: Table, *, dense_dtype: str = "float32",
                  accepts_missing: bool, progress: Progress = SILENT) -> Transform:  # fmt: skip
    """Fit `transform` (feature name → SQL) on the rows of `table`: the training rows, and no others.

    Implicit steps are made explicit first (`resolve_transform`). What is asked about columns as they lie is aggregated
    by DuckDB in a scan or two; what is asked about computed values, over the graph's own output. Raises
    ExpressionError with every fault.
    """
    resolved = resolve_transform(transform, table.schema, accepts_missing=accepts_missing)
    with progress.phase("fit", total=None) as phase:
        resolved = expand_vectors(
            resolved, table.schema, functools.partial(ask, table, phase), accepts_missing=accepts_missing
        )
        bound = bind_features(resolved, table.schema)
        fitted = _learn(table, analyses(bound.values()), phase)
    return Transform.make(
        resolved, bound, table.schema, fitted, dense_dtype=dense_dtype, accepts_missing=accepts_missing
    )


def _learn(table: Table, nodes: Sequence[Analyze], phase: Phase) -> Fitted:
    """What every analyzer keeps: those inside others first, which are then measured over what these give."""
    inner = [node for node in nodes if not learns(node.argument)]
    fitted = dict(zip(inner, map(parameters_of, inner, ask(table, phase, inner)), strict=True))
    outer = [node for node in nodes if node not in fitted]
    lowered = [replace(node, argument=lower(node.argument, fitted)) for node in outer]
    fitted |= zip(outer, map(parameters_of, lowered, ask(table, phase, lowered)), strict=True)
    return {node: fitted[node] for node in nodes}


def ask(table: Table, phase: Phase, nodes: Sequence[Analyze]) -> list[Measured]:
    """What each analyzer asks about its argument, in order."""
    found = measure_nodes(table, {node: asked_by(node) for node in nodes}, phase)
    return [found[node] for node in nodes]


def measure_nodes(table: Table, asked: Mapping[Analyze, Aggregates], phase: Phase) -> dict[Analyze, Measured]:
    """What each analyzer's argument is asked, answered: in the database where it lies, or over the graph's output."""
    in_place = [node for node in asked if can_push_down(node.argument)]
    derived = [node for node in asked if not can_push_down(node.argument)]
    found = dict(zip(in_place, _measure_in_place(table, [(node, asked[node]) for node in in_place]), strict=True))
    answers = measure_derived(table, [(node, asked[node]) for node in derived], phase)
    return found | dict(zip(derived, answers, strict=True))


def _measure_in_place(table: Table, asked: Sequence[tuple[Analyze, Aggregates]]) -> list[Measured]:
    query = functools.partial(table.query, keep_nan=True, with_block=True)
    is_columnar = not table.conditions and bool(table.origin.parquet)
    questions = [Question(to_duckdb(node.argument), node.argument.type, aggregates) for node, aggregates in asked]
    num_rows = table.num_rows if any(question.aggregates.quantiles for question in questions) else 0
    return measure(query, questions, num_rows=num_rows, is_columnar=is_columnar)


def asked_by(node: Analyze) -> Aggregates:
    """What an analyzer must know about its argument."""
    return get_analyzer(node.function).aggregates(node.options, node.argument.type)


def parameters_of(node: Analyze, measured: Measured) -> msgspec.Struct:
    """What an analyzer keeps of the answers."""
    return get_analyzer(node.function).parameters(node.options, node.argument.type, measured)
