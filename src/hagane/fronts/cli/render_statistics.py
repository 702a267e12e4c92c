"""`render_statistics`: what the columns of a table hold, in 80 columns or more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.text import Text

from hagane.counted import counted
from hagane.fronts.cli.fit_width import FitWidth
from hagane.fronts.cli.histogram import histogram
from hagane.fronts.cli.new_table import cell, new_table, rest_text
from hagane.fronts.cli.short_text import short_text
from hagane.number_text import MISSING, share_text, tiny_text
from hagane.statistics.numbers_in_text import number_in_text
from hagane.statistics.statistics import ColumnStatistics, Statistics
from hagane.types import SqlType

NAME_WIDTH, LEAST_NAME = 18, 12
DISTRIBUTION_WIDTH, LEAST_DISTRIBUTION = 35, 8
"""What names and distributions take where there is room for just them; they share what there is beyond that."""
HEADINGS = ("type", "NULL", "values")
MAX_COLUMNS, MAX_WARNINGS = 100, 30
MANY_MISSING = 0.5
NEARLY_UNIQUE = 0.9
MANY_VALUES = 1000


def render_statistics(statistics: Statistics, *, columns: Sequence[str] | None = None) -> RenderableType:
    """One line a column: type, missing share, distinct values, distribution; then what looks wrong.

    `columns` picks some, in that order; the rest are counted, as are those beyond the first 100. A wide terminal shows
    more of names and distributions, a narrow one less.
    """
    chosen = list(statistics) if columns is None else [statistics[name] for name in columns if name in statistics]
    shown = chosen[:MAX_COLUMNS]
    rest = len(statistics.columns) - len(shown)
    heading = f"{counted(statistics.num_rows, 'row')}, {counted(len(statistics.columns), 'column')}" + (
        f", {rest:,} not shown" if rest else ""
    )
    warnings = [warning for column in chosen for warning in column_warnings(column, statistics.num_rows)]
    table = FitWidth(lambda width: _table(shown, statistics.num_rows, width))
    return Group(Text(heading, "bold"), Text(""), table, *_warning_lines(warnings))


def _table(columns: Sequence[ColumnStatistics], num_rows: int, width: int) -> RenderableType:
    figures = [_figures(column, num_rows) for column in columns]
    taken = sum(max(map(cell_len, texts), default=0) + 2 for texts in zip(HEADINGS, *figures, strict=True))
    room = width - taken - 2
    longest = max((cell_len(short_text(column.name, width)) for column in columns), default=0)
    spare = (room - NAME_WIDTH - DISTRIBUTION_WIDTH) // 2
    name_width = min(longest, max(LEAST_NAME, NAME_WIDTH + spare))
    table = new_table()
    table.add_column("column", style="bold", no_wrap=True)
    table.add_column(HEADINGS[0], style="cyan", no_wrap=True)
    for heading in HEADINGS[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("distribution", no_wrap=True)
    for column, (type_, missing, distinct) in zip(columns, figures, strict=True):
        is_sparse = num_rows and column.num_nulls / num_rows > MANY_MISSING
        distribution = _distribution(column, max(LEAST_DISTRIBUTION, room - max(name_width, len("column"))))
        shown_missing = Text(missing, "yellow" if is_sparse else "")
        table.add_row(cell(column.name, name_width), type_, shown_missing, distinct, distribution)
    return table


def _figures(column: ColumnStatistics, num_rows: int) -> tuple[str, str, str]:
    """What stands below HEADINGS."""
    missing = share_text(column.num_nulls / num_rows if num_rows else 0.0)
    return column.type.value, missing, MISSING if column.num_distinct is None else f"{column.num_distinct:,}"


def _distribution(column: ColumnStatistics, width: int) -> Text:
    if column.count == 0:
        return Text("no values", "yellow")
    if column.num_true is not None:
        return Text(f"{share_text(column.num_true / column.count)} true" if column.num_true else "never true")
    if column.type.is_numeric and column.min is not None:
        return _numbers(column, width)
    if column.type in (SqlType.TIMESTAMP, SqlType.DATE) and column.min is not None:
        moments = [(moment_text(column.min), moment_text(column.max)), (str(column.min)[:10], str(column.max)[:10])]
        return Text(next((f"{a} … {b}" for a, b in moments if len(a + b) + 3 <= width), f"from {moments[1][0]}"))
    return _top_values(column, width)


def _numbers(column: ColumnStatistics, width: int) -> Text:
    """Least, bars, largest; the mean where it fits."""
    assert not isinstance(column.min, str)
    assert not isinstance(column.max, str)
    if column.min == column.max:
        return Text(f"only {tiny_text(column.min)}")
    text = (
        Text(f"{tiny_text(column.min)} ").append(histogram(column) or "…", "green").append(f" {tiny_text(column.max)}")
    )
    mean = f"  mean {tiny_text(column.mean)}"
    return text.append(mean, "dim") if column.mean is not None and text.cell_len + len(mean) <= width else text


def moment_text(value: object) -> str:
    """A timestamp or date, short: midnight is left out.

    >>> moment_text("2013-01-01T00:00:00+00:00"), moment_text("2013-12-31T23:15:00Z"), moment_text("2013-01-01")
    ('2013-01-01', '2013-12-31 23:15', '2013-01-01')
    """
    day, time = str(value)[:10], str(value)[11:16]
    return day if time in ("", "00:00") else f"{day} {time}"


def _top_values(column: ColumnStatistics, width: int) -> Text:
    """The most frequent values with their shares, as many as fit."""
    shown: list[str] = []
    for top in column.top_values:
        item = f"{short_text(top.value, min(20, width - 6))} {share_text(min(1.0, top.count / column.count))}"
        if shown and cell_len(", ".join([*shown, item])) > width:
            break
        shown.append(item)
    return Text(", ".join(shown))


def column_warnings(column: ColumnStatistics, num_rows: int) -> Iterator[tuple[str, str]]:
    """(column, what looks wrong about it), by rules of thumb."""
    if column.count == 0:
        yield column.name, "holds no values"
    elif column.is_constant:
        yield column.name, "holds one value only: it can teach nothing"
    elif num_rows and column.num_nulls / num_rows > MANY_MISSING:
        yield column.name, f"is missing in {share_text(column.num_nulls / num_rows)} of the rows"
    distinct = column.num_distinct or 0
    if column.type is SqlType.STRING and column.count > MANY_VALUES and distinct > NEARLY_UNIQUE * column.count:
        yield column.name, "has a value of its own in nearly every row: a key or free text?"
    if example := number_in_text(column):
        yield column.name, f"is text, and looks like numbers: {short_text(repr(example), 24)}"
    if column.num_nans:
        yield column.name, f"holds NaN in {counted(column.num_nans, 'row')}, read as NULL"
    if column.num_infinite:
        yield column.name, f"is infinite in {counted(column.num_infinite, 'row')}"


def _warning_lines(warnings: Sequence[tuple[str, str]]) -> Iterator[RenderableType]:
    if warnings:
        yield Text("")
    for name, warning in warnings[:MAX_WARNINGS]:
        yield Text.assemble(("! ", "yellow"), (short_text(name, 40), "yellow"), f" {warning}")
    if len(warnings) > MAX_WARNINGS:
        yield Text(rest_text(len(warnings) - MAX_WARNINGS, "warnings: --json lists all"), "dim")
