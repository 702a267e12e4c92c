"""The section about the data that the model was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from hagane.evaluation.report.markup import Markup
from hagane.evaluation.report.number_text import number_text
from hagane.evaluation.report.pieces import folded, table


class StatisticsLike(Protocol):
    """What the section needs of `hagane.statistics.Statistics`."""

    @property
    def num_rows(self) -> int:
        """Rows measured."""

    @property
    def columns(self) -> Sequence[Any]:
        """A Struct a column."""


def statistics_section(statistics: StatisticsLike) -> Markup:
    """A row a column: every figure of `statistics.columns` that is one number or one word, as its Struct names it."""
    columns: list[dict[str, object]] = [msgspec.to_builtins(column) for column in statistics.columns]
    names = [name for name in columns[0] if any(_is_plain(column[name]) for column in columns)] if columns else []
    rows = [([_text(column.get(name)) for name in names], None) for column in columns]
    heads = [name.removeprefix("num_").replace("_", " ") for name in names]
    note = f"{statistics.num_rows:,} rows, {len(columns):,} columns."
    return folded("Data", table(heads, rows, name="Columns of the data"), note=note)


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value) if _is_plain(value) else "–"
    return f"{value:,}" if isinstance(value, int) else number_text(value)
