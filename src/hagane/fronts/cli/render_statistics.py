"""`render_statistics` and `render_description`: what the columns of a table hold, in 80 columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from hagane.fronts.cli.figure_text import MISSING, share_text, short_text, tiny_text
from hagane.fronts.cli.histogram import histogram
from hagane.fronts.cli.new_table import cell, new_table
from hagane.fronts.cli.render_leaks import render_leaks
from hagane.statistics.statistics import ColumnStatistics, Statistics
from hagane.types import SqlType

if TYPE_CHECKING:
    from hagane.workflow.describe import Description

DISTRIBUTION_WIDTH = 35
WIDTH = 25
"""Of name and type together."""
MANY_MISSING = 0.5
NEARLY_UNIQUE = 0.9
MANY_VALUES = 1000


def render_statistics(statistics: Statistics, *, columns: Sequence[str] | None = None) -> RenderableType:
    """One line a column: type, missing share, distinct values, distribution; then what looks wrong.

    `columns` picks some, in that order; the rest are counted.
    """
    chosen = list(statistics) if columns is None else [statistics[name] for name in columns if name in statistics]
    table = new_table()
    table.add_column("column", style="bold", no_wrap=True)
    table.add_column("type", style="cyan", no_wrap=True)
    table.add_column("NULL", justify="right", no_wrap=True)
    table.add_column("values", justify="right", no_wrap=True)
    table.add_column("distribution", no_wrap=True)
    name_width = WIDTH - max((len(column.type.value) for column in chosen), default=0)
    for column in chosen:
        table.add_row(cell(column.name, name_width), *_row(column, statistics.num_rows))
    rest = len(statistics.columns) - len(chosen)
    heading = f"{statistics.num_rows:,} rows, {len(statistics.columns):,} columns" + (
        f", {rest} not shown" if rest else ""
    )
    warnings = [warning for column in chosen for warning in column_warnings(column, statistics.num_rows)]
    return Group(Text(heading, "bold"), Text(""), table, *_warning_lines(warnings))


def _row(column: ColumnStatistics, num_rows: int) -> tuple[Text | str, ...]:
    missing = column.num_nulls / num_rows if num_rows else 0.0
    return (
        column.type.value,
        Text(share_text(missing), "yellow" if missing > MANY_MISSING else ""),
        MISSING if column.num_distinct is None else f"{column.num_distinct:,}",
        _distribution(column),
    )


def _distribution(column: ColumnStatistics) -> Text:
    if column.count == 0:
        return Text("no values", "yellow")
    if column.num_true is not None:
        return Text(f"{share_text(column.num_true / column.count)} true" if column.num_true else "never true")
    if column.type.is_numeric and column.min is not None:
        return _numbers(column)
    if column.type in (SqlType.TIMESTAMP, SqlType.DATE) and column.min is not None:
        return Text(f"{moment_text(column.min)} … {moment_text(column.max)}")
    return _top_values(column)


def _numbers(column: ColumnStatistics) -> Text:
    """Least, bars, largest, mean."""
    assert not isinstance(column.min, str)
    assert not isinstance(column.max, str)
    if column.min == column.max:
        return Text(f"only {tiny_text(column.min)}")
    text = (
        Text(f"{tiny_text(column.min)} ").append(histogram(column) or "…", "green").append(f" {tiny_text(column.max)}")
    )
    return text.append(f"  mean {tiny_text(column.mean)}", "dim") if column.mean is not None else text


def moment_text(value: object) -> str:
    """A timestamp or date, short: midnight is left out.

    >>> moment_text("2013-01-01T00:00:00+00:00"), moment_text("2013-12-31T23:15:00Z"), moment_text("2013-01-01")
    ('2013-01-01', '2013-12-31 23:15', '2013-01-01')
    """
    day, time = str(value)[:10], str(value)[11:16]
    return day if time in ("", "00:00") else f"{day} {time}"


def _top_values(column: ColumnStatistics) -> Text:
    """The most frequent values with their shares, as many as fit."""
    shown: list[str] = []
    for top in column.top_values:
        item = f"{short_text(top.value, 20)} {share_text(min(1.0, top.count / column.count))}"
        if len(", ".join([*shown, item])) > DISTRIBUTION_WIDTH:
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
    if column.num_nans:
        yield column.name, f"holds NaN in {column.num_nans:,} rows, read as NULL"
    if column.num_infinite:
        yield column.name, f"is infinite in {column.num_infinite:,} rows"


def _warning_lines(warnings: Sequence[tuple[str, str]]) -> Iterator[RenderableType]:
    if warnings:
        yield Text("")
    for name, warning in warnings:
        yield Text.assemble(("! ", "yellow"), (short_text(name, 40), "yellow"), f" {warning}")


def render_description(description: Description) -> RenderableType:
    """The statistics, then leaks, columns that cannot be read, rows that could not be parsed, columns made by joins."""
    parts: list[RenderableType] = [render_statistics(description.statistics)]
    if description.leaks:
        parts += [Text(""), render_leaks(description.leaks)]
    lines = [
        *(
            Text.assemble(("! ", "yellow"), f"{fault.what}" + (f": {fault.next_step}" if fault.next_step else ""))
            for fault in description.unsupported
        ),
        *_bad_rows(description),
        *_origins(description),
    ]
    return Group(*parts, *([Text("")] if lines else []), *lines)


def _bad_rows(description: Description) -> Iterator[Text]:
    bad = description.bad_rows
    if bad.count:
        share = share_text(bad.fraction)
        yield Text.assemble(
            ("! ", "yellow"), f"{bad.count:,} rows ({share}) could not be parsed; they are in {bad.path}"
        )
        for row in bad.examples:
            yield Text(f"  {row.file} line {row.line_number}: {short_text(row.reason, 60)}", "dim")


def _origins(description: Description) -> Iterator[Text]:
    if description.origins:
        names = ", ".join(description.origins)
        yield Text(f"made by the query's joins or aggregates, so at serving the caller gives them: {names}", "dim")
