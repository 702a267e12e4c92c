"""`render_result`: what a statement answered, for a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from hagane.session.result import Result

RIGHT = ("INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC")
LONGEST_CELL = 200


def render_result(result: Result, *, max_rows: int) -> Iterator[RenderableType]:
    """A table of at most `max_rows` rows, of which no more are made; or the line that says what was done."""
    if not result.is_table:
        yield Text(result.message or f"{result.kind.lower().replace('_', ' ')}: done")
        return
    rows, is_cut = result.first_rows(max_rows)
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for column in result.schema:
        is_number = column.type.partition("(")[0] in RIGHT
        table.add_column(Text(column.name), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(_cell, row.values()))
    yield table
    count = f"the first {len(rows):,} rows" if is_cut else f"{len(rows):,} row{'s' * (len(rows) != 1)}"
    yield Text(f"{count}, {result.seconds:.2f} s", style="dim")


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
