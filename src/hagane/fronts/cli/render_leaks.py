"""`render_leaks`: columns that alone tell the label."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

if TYPE_CHECKING:
    from hagane.statistics.leaks import Leak


def render_leaks(leaks: Sequence[Leak]) -> RenderableType:
    """Each suspected column, why, and what to do about it."""
    lines = [Text("suspected leaks: columns that alone predict the label almost perfectly", "bold yellow")]
    lines += [Text.assemble("  ", (leak.column, "yellow"), f"  {leak.reason}") for leak in leaks]
    names = " ".join(f"--exclude {shlex.quote(leak.column)}" for leak in leaks)
    lines.append(Text(f"  If they are known only after the answer, leave them out: {names}", "dim"))
    return Group(*lines)
