"""`render_result`: what a statement answered, for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from hagane.session.result import Result, ResultColumn

RIGHT = ("INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC")
LONGEST_CELL = 200
NARROWEST_FOLD = 40
"""A longer text may be folded to so many characters."""


def render_result(result: Result, *, max_rows: int) -> Iterator[RenderableType]:
    """A table of at most `max_rows` rows, of which no more are made; or the line that says what was done."""
    if not result.is_table:
        yield Text(result.message or f"{result.kind.lower().replace('_', ' ')}: done")
        return
    rows, is_cut = result.first_rows(max_rows)
    yield _Rows(result.schema, [[*map(_cell, row.values())] for row in rows])
    count = f"the first {len(rows):,} rows" if is_cut else f"{len(rows):,} row{'s' * (len(rows) != 1)}"
    yield Text(f"{count}, {result.seconds:.2f} s", style="dim")


class _Rows:
    """Rows as a table, or where the terminal is too narrow for one, each as a list of its columns."""

    def __init__(self, schema: Sequence[ResultColumn], rows: Sequence[Sequence[Text]]) -> None:
        self._schema, self._rows = schema, rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._width > options.max_width and self._rows:
            for number, row in enumerate(self._rows, 1):
                yield self._list(number, row)
        else:
            yield self._table()

    @property
    def _width(self) -> int:
        """Of the table, with no cell narrower than what can be read."""
        names = (len(column.name) for column in self._schema)
        cells = [max((cell.cell_len for cell in column), default=0) for column in zip(*self._rows, strict=True)]
        found = [max(name, min(cell, NARROWEST_FOLD)) for name, cell in zip(names, cells, strict=False)]
        return sum(found) + 3 * (len(found) - 1)

    def _table(self) -> Table:
        table = Table(show_edge=False, pad_edge=False, header_style="bold")
        for column in self._schema:
            is_number = column.type.partition("(")[0] in RIGHT
            table.add_column(Text(column.name), justify="right" if is_number else "left", overflow="fold",
                             min_width=len(column.name))  # fmt: skip
        for row in self._rows:
            table.add_row(*row)
        return table

    def _list(self, number: int, row: Sequence[Text]) -> Group:
        lines = Table.grid(padding=(0, 2))
        lines.add_column(style="bold", overflow="fold")
        lines.add_column(overflow="fold")
        for column, cell in zip(self._schema, row, strict=True):
            lines.add_row(Text(column.name), cell)
        return Group(Text(f"row {number}", style="dim"), lines)


def _cell(value: Any) -> Text:
    from hagane.fronts.cli.plain_rows import plain_value

    if value is None:
        return Text("NULL", style="dim")
    plain = plain_value(value)
    if isinstance(plain, bool):
        return Text(str(plain).lower())
    if isinstance(plain, float):
        return Text(f"{plain:.10g}")
    text = _nested(plain) if isinstance(plain, dict | list) else str(plain)
    return Text(text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…")


def _nested(value: Any) -> str:
    import msgspec

    return msgspec.json.encode(value).decode()
