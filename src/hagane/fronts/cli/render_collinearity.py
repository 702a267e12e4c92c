"""`render_collinearity`: columns that say the same, and what to do about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from hagane.counted import counted
from hagane.fronts.cli.new_table import rest_text
from hagane.fronts.cli.short_text import short_text
from hagane.number_text import share_text
from hagane.page.number_text import number_text

if TYPE_CHECKING:
    from hagane.statistics.collinearity import CollinearGroup, Collinearity
    from hagane.statistics.dependencies import Dependency

MAX_GROUPS, MAX_EQUATIONS, MAX_NAMES = 6, 10, 12


def render_collinearity(collinearity: Collinearity) -> RenderableType | None:
    """Exact equations, then the groups with their figures and advice; None where there are neither."""
    parts: list[RenderableType] = []
    if collinearity.dependencies:
        parts.append(Text("columns that follow from others", "bold"))
        parts += [_equation(each) for each in collinearity.dependencies[:MAX_EQUATIONS]]
        parts += _rest(len(collinearity.dependencies) - MAX_EQUATIONS, "equations")
    if collinearity.groups:
        parts += [Text("")] if parts else []
        parts.append(Text("collinear groups: columns that largely say the same", "bold"))
        for group in collinearity.groups[:MAX_GROUPS]:
            parts += _group(group)
        parts += _rest(len(collinearity.groups) - MAX_GROUPS, "groups")
        if collinearity.left_out:
            names = ", ".join(short_text(name, 30) for name in collinearity.left_out[:MAX_NAMES])
            parts.append(Text(f"not looked at, missing too often: {names}", "dim"))
    return Group(*parts) if parts else None


def _equation(dependency: Dependency) -> RenderableType:
    rows = dependency.num_rows
    held = "in every row" if dependency.num_held == rows else f"in {dependency.num_held:,} of {counted(rows, 'row')}"
    if dependency.num_held < rows:
        held += f", not in {share_text(1 - dependency.num_held / rows)}"
    return Padding(Text.assemble((short_text(dependency.equation, 200), "yellow"), f"  {held}"), (0, 0, 0, 2))


def _group(group: CollinearGroup) -> Iterator[RenderableType]:
    names = ", ".join(short_text(name, 30) for name in group.columns[:MAX_NAMES])
    if len(group.columns) > MAX_NAMES:
        names += f" and {len(group.columns) - MAX_NAMES:,} more"
    factor = "infinite" if group.max_vif is None else f"up to {number_text(group.max_vif)}"
    figures = f"|r| up to {group.max_correlation:.3f}, variance inflation {factor}"
    yield Padding(Text.assemble((names, "yellow"), f"  {figures}"), (0, 0, 0, 2))
    yield from (Padding(Text(sentence, "dim"), (0, 0, 0, 4)) for sentence in group.advice)


def _rest(count: int, noun: str) -> list[RenderableType]:
    return [Text(f"  {rest_text(count, noun)}", "dim")] if count > 0 else []
