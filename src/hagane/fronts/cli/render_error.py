"""`render_error`: a HaganeError as a red panel, or as plain text where there is no terminal."""

from __future__ import annotations

import re

from rich.console import RenderableType
from rich.panel import Panel
from rich.text import Text

from hagane.errors import Fault, HaganeError, underline


def render_error(error: HaganeError, *, plain: bool = False) -> RenderableType:
    """Every fault of the error: what, where, the SQL underlined, expected, received, nearest, what to do next."""
    if plain:
        return Text(f"error: {error.render()}")
    title = error_title(error)
    body = Text("\n\n").join(_fault(fault, index, len(error.faults)) for index, fault in enumerate(error.faults, 1))
    return Panel(body, title=Text(title, "bold red"), title_align="left", border_style="red", padding=(0, 1))


def error_title(error: HaganeError) -> str:
    """The error's class in words, with the number of faults where there are several.

    >>> from hagane.errors import SpecError
    >>> error_title(SpecError("a", "b"))
    'Spec error: 2 faults'
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__.removeprefix("Hagane")).capitalize()
    return f"{words}: {len(error.faults)} faults" if len(error.faults) > 1 else words


def _fault(fault: Fault, index: int, count: int) -> Text:
    text = Text.assemble((f"{index}. " if count > 1 else "", "red"), (fault.what, "bold"))
    if fault.where:
        text.append("\nwhere     ", "dim").append(fault.where, "cyan")
    if fault.sql:
        line, carets = underline(fault.sql, fault.start, fault.end)
        text.append("\n          ").append(line).append("\n          ").append(carets, "bold red")
    parts = {"expected": fault.expected, "received": fault.received}
    for name, value in parts.items():
        if value:
            text.append(f"\n{name:<9} ", "dim").append(value)
    if fault.nearest:
        text.append("\ndid you mean ", "dim").append(fault.nearest, "bold green").append("?", "dim")
    if fault.next_step:
        text.append("\nnext      ", "dim").append(fault.next_step, "green")
    return text
