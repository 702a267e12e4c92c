"""`new_table`: the one look of the command line's tables."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hagane.fronts.cli.short_text import short_text


def new_table() -> Table:
    """An empty table: a line below the headings, no other lines."""
    return Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
        header_style="dim",
    )


def cell(value: object, width: int) -> Text:
    """A user's value in a table, cut to `width`: never read as Rich's markup, in which `[bold]` is an order."""
    return Text(short_text(value, width))


def titled(title: str, table: RenderableType, *notes: str) -> RenderableType:
    """The table below its title, and above the notes that are not empty; neither wraps at the table's width."""
    below = (Text(note, "dim") for note in notes if note)
    return Group(Text(title, "bold"), table, *below)


def rest_text(count: int, noun: str) -> str:
    """How many more there are than are shown; empty where none.

    >>> rest_text(12, "values"), rest_text(0, "values")
    ('and 12 more values', '')
    """
    return f"and {count:,} more {noun}" if count > 0 else ""
