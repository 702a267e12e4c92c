"""Trees to BigQuery text and back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from oracle_expressions import features
from oracle_rows import SCHEMA
from oracle_sql import to_text

from hagane.sql.bind import bind
from hagane.sql.expression import Call, ColumnRef, Expression
from hagane.sql.fold import fold


@settings(max_examples=150, deadline=None)
@given(tree=features())
def test_text_binds_to_the_same_tree(tree: Expression) -> None:
    assert bind(to_text(tree), SCHEMA) == _folded(tree)


def _folded(tree: Expression) -> Expression:
    """With calls of constants computed, as binding computes them (`tests/sql/test_fold.py` holds those to DuckDB)."""
    if not isinstance(tree, Call):
        return tree
    return fold(replace(tree, arguments=tuple(_folded(argument) for argument in tree.arguments)))


def test_column_is_quoted() -> None:
    assert to_text(ColumnRef("i1", SCHEMA["i1"].type)) == "`i1`"
