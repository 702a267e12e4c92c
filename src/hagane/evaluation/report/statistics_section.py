"""The section about the data that the model was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hagane.evaluation.report.markup import Markup
from hagane.evaluation.report.number_text import number_text, percent_text
from hagane.evaluation.report.pieces import Row, folded, table

if TYPE_CHECKING:
    from hagane.statistics.statistics import ColumnStatistics, Statistics

HEADS = ("Column", "Type", "NULL", "Distinct", "Least", "Greatest", "Mean", "Deviation", "Most frequent")
MAX_TEXT = 32


def statistics_section(statistics: Statistics) -> Markup:
    """A row a column: how much is missing, how it spreads, what is frequent."""
    note = f"{statistics.num_rows:,} rows, {len(statistics.columns):,} columns."
    return folded("Data", statistics_table(statistics), note=note)


def statistics_table(statistics: Statistics) -> Markup:
    """The table alone."""
    rows: list[Row] = [(_cells(column, statistics.num_rows), None) for column in statistics.columns]
    return table(HEADS, rows, name="Columns of the data")


def _cells(column: ColumnStatistics, num_rows: int) -> list[object]:
    top = column.top_values[0] if column.top_values else None
    return [
        column.name,
        column.type.value,
        percent_text(column.num_nulls / num_rows) if num_rows else "–",
        "–" if column.num_distinct is None else f"{column.num_distinct:,}",
        _value(column.min),
        _value(column.max),
        number_text(column.mean),
        number_text(column.stddev),
        f"{_value(top.value)} ({percent_text(min(1.0, top.count / num_rows))})" if top and num_rows else "–",
    ]


def _value(value: bool | int | float | str | None) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if value is None or isinstance(value, float):
        return number_text(value)
    return value if len(value) <= MAX_TEXT else value[: MAX_TEXT - 1] + "…"
