"""`render_error`: a HaganeError as a red panel, or as plain text where there is no terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hagane.errors import Fault, HaganeError, underline


def render_error(error: HaganeError, *, plain: bool = False) -> RenderableType:
    """Every fault of the error: what, where, the SQL underlined, expected, received, nearest, what to do next."""
    if plain:
        return Text(f"error: {error.render()}")
    title = error_title(error)
    faults = [_fault(fault, index, len(error.faults)) for index, fault in enumerate(error.faults, 1)]
    body = Group(faults[0], *(part for fault in faults[1:] for part in (Text(""), fault)))
    return Panel(body, title=Text(title, "bold red"), title_align="left", border_style="red", padding=(0, 1))


def error_title(error: HaganeError) -> str:
    """The error's class in words, with the number of faults where there are several.

    >>> from hagane.errors import SpecError
    >>> error_title(SpecError("a", "b"))
    'Spec error: 2 faults'
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__.removeprefix("Hagane")).capitalize()
    return f"{words}: {len(error.faults)} faults" if len(error.faults) > 1 else words


def _fault(fault: Fault, index: int, count: int) -> RenderableType:
    """What, and below it the rest, word for word under one another."""
    what = Text.assemble((f"{index}. " if count > 1 else "", "red"), (fault.what, "bold"))
    parts = Table.grid(padding=(0, 2, 0, 0))
    parts.add_column(style="dim", no_wrap=True, min_width=len("expected"))
    parts.add_column(overflow="fold")
    for name, value in _parts(fault):
        parts.add_row(name, value)
    return Group(what, parts) if parts.row_count else what


def _parts(fault: Fault) -> Iterator[tuple[str, Text]]:
    if fault.where:
        yield "where", Text(fault.where, "cyan")
    if fault.sql:
        line, carets = underline(fault.sql, fault.start, fault.end)
        yield "", Text.assemble(f"{line}\n", (carets, "bold red"))
    if fault.expected:
        yield "expected", Text(fault.expected)
    if fault.received:
        yield "received", Text(fault.received)
    if fault.nearest:
        yield "", Text.assemble(("did you mean ", "dim"), (fault.nearest, "bold green"), ("?", "dim"))
    if fault.next_step:
        yield "next", Text(fault.next_step, "green")
