"""`measure_nodes`: what analyzers ask of their arguments, answered by the database."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hagane.features.analyzers.analyzer import Aggregates, Measured
from hagane.features.derived import measure_derived
from hagane.features.measure import Question, measure
from hagane.features.pushdown import can_push_down
from hagane.progress import Phase
from hagane.sql.expression import Analyze
from hagane.sql.to_duckdb import to_duckdb

if TYPE_CHECKING:
    from hagane.data.table import Table


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
