"""Rows on a terminal: a table where it fits, else each row as a list."""

from __future__ import annotations

import io

import pyarrow as pa
import pytest
from rich.console import Console

from hagane.fronts.cli.render_result import render_result
from hagane.session.result import Result, ResultColumn

ROWS = pa.table({"predicted_delay": [1.25, None], "a_rather_long_name": ["x" * 90, "y"], "n": [1, 2]})
SCHEMA = tuple(
    ResultColumn(name, kind) for name, kind in zip(ROWS.column_names, ("FLOAT64", "STRING", "INT64"), strict=True)
)


def shown(width: int, rows: pa.Table = ROWS) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(*render_result(Result(kind="SELECT", schema=SCHEMA, table=rows), max_rows=10))
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("width", [120, 80])
def test_names_are_whole_and_long_texts_are_folded(width: int) -> None:
    header, *_ = shown(width)
    assert all(name in header for name in ROWS.column_names)


def test_where_columns_do_not_fit_a_row_is_a_list() -> None:
    lines = shown(60)
    assert lines[0].strip() == "row 1"
    assert lines[1].split() == ["predicted_delay", "1.25"]
    assert [line.split()[0] for line in lines if line.startswith("n ")] == ["n", "n"]
    assert any(line.split() == ["predicted_delay", "NULL"] for line in lines)
    assert max(map(len, lines)) <= 60


def test_without_rows_the_names_are_told_all_the_same() -> None:
    assert "predicted" in shown(30, ROWS.slice(0, 0))[0]
