"""Learn what a transform's analyzers must know, in the database, from the training rows."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from hagane.features.analyzers import get_analyzer
from hagane.features.analyzers.analyzer import Measured
from hagane.features.derived import measure_derived
from hagane.features.lower import analyses
from hagane.features.measure import Question, measure
from hagane.features.pushdown import can_push_down
from hagane.features.resolve_transform import resolve_transform
from hagane.features.transform import Transform
from hagane.progress import SILENT, Progress
from hagane.sql.bind import bind_all
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
    bound = bind_all(resolved, table.schema)
    nodes = analyses(bound.values())
    with progress.phase("fit", total=None) as phase:
        in_place = [node for node in nodes if can_push_down(node.argument)]
        derived = [node for node in nodes if not can_push_down(node.argument)]
        found = dict(zip(in_place, _measure_in_place(table, in_place), strict=True))
        found |= dict(zip(derived, measure_derived(table, derived, phase), strict=True))
    fitted = {node: _parameters(node, found[node]) for node in nodes}
    return Transform.make(
        resolved, bound, table.schema, fitted, dense_dtype=dense_dtype, accepts_missing=accepts_missing
    )


def _measure_in_place(table: Table, nodes: Sequence[Analyze]) -> list[Measured]:
    query = functools.partial(table.query, keep_nan=True, with_block=True)
    is_columnar = not table.conditions and bool(table.origin.parquet)
    questions = [_question(node) for node in nodes]
    num_rows = table.num_rows if any(question.aggregates.quantiles for question in questions) else 0
    return measure(query, questions, num_rows=num_rows, is_columnar=is_columnar)


def _question(node: Analyze) -> Question:
    asked = get_analyzer(node.function).aggregates(node.options, node.argument.type)
    return Question(to_duckdb(node.argument), node.argument.type, asked)


def _parameters(node: Analyze, measured: Measured) -> msgspec.Struct:
    return get_analyzer(node.function).parameters(node.options, node.argument.type, measured)
