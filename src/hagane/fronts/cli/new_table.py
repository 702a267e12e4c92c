"""`new_table`: the one look of the command line's tables."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


def new_table(title: str = "") -> Table:
    """An empty table: a line below the headings, no other lines."""
    return Table(
        title=Text(title, "bold") if title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
        header_style="dim",
        caption_justify="left",
    )


def with_rest(table: Table, count: int, noun: str) -> RenderableType:
    """The table, and a line that says how many more there are, if any."""
    return Group(table, Text(f"and {count:,} more {noun}", "dim")) if count > 0 else table
