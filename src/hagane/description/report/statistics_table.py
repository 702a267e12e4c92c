"""`statistics_table`: a row a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hagane.number_text import percent_text
from hagane.page.markup import Markup
from hagane.page.number_text import number_text
from hagane.page.pieces import Row, table

if TYPE_CHECKING:
    from hagane.statistics.statistics import ColumnStatistics, Statistics

HEADS = ("Column", "Type", "NULL", "Distinct", "Least", "Greatest", "Mean", "Deviation", "Most frequent")
MAX_TEXT = 32


def statistics_table(statistics: Statistics) -> Markup:
    """How much is missing of each column, how it spreads, what is frequent."""
    rows: list[Row] = [(_cells(column, statistics.num_rows), None) for column in statistics.columns]
    return table(HEADS, rows, name="Columns of the data", words=(1, len(HEADS) - 1))


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
