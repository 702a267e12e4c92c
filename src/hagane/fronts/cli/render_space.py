"""`render_space`: what is searched, before it is."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType

from hagane.fronts.cli.new_table import cell, new_table
from hagane.number_text import MISSING
from hagane.tuning.dimension import Dimension
from hagane.tuning.parameter_text import parameter_text
from hagane.tuning.space_text import space_text

NAME_WIDTH, START_WIDTH, CONDITION_WIDTH, LEAST, GAP = 34, 16, 22, 14, 2


def render_space(dimensions: Sequence[Dimension], width: int) -> RenderableType:
    """A line a hyperparameter: its place, what it may be, where the search starts, and when it plays a part."""
    starts = [parameter_text(each.name, each.default) if each.default is not None else MISSING for each in dimensions]
    conditions = [_condition(each) for each in dimensions]
    names = min(NAME_WIDTH, max([*(len(each.name) for each in dimensions), LEAST]), max(LEAST, width // 2 - 4))
    fixed = [names, min(START_WIDTH, max([5, *map(len, starts)]))]
    fixed += [min(CONDITION_WIDTH, max(map(len, conditions)))] if any(conditions) else []
    rest = max(LEAST, width - sum(fixed) - GAP * len(fixed))
    table = new_table()
    for heading in ("hyperparameter", "space", "start", *(["only with"] if any(conditions) else [])):
        table.add_column(heading, no_wrap=True)
    for each, start, condition in zip(dimensions, starts, conditions, strict=True):
        cells = [cell(each.name, names), cell(space_text(each), rest), cell(start, fixed[1])]
        table.add_row(*cells, *([cell(condition, fixed[2])] if any(conditions) else []))
    return table


def _condition(dimension: Dimension) -> str:
    return " and ".join(
        f"{name.rpartition('.')[2]} {' or '.join(parameter_text(name, value) for value in values)}"
        for name, values in dimension.when
    )
