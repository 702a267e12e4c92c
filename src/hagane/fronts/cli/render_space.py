"""`render_space`: what is searched, before it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import RenderableType

from hagane.fronts.cli.new_table import cell, new_table
from hagane.page.short_name import short_names
from hagane.tuning.dimension import Dimension
from hagane.tuning.parameter_text import parameter_text
from hagane.tuning.space_text import space_text

GAP = 2
NAME, SPACE, START, CONDITION = "hyperparameter", "space", "start", "only with"
WIDEST = {NAME: 40, SPACE: 48, START: 16, CONDITION: 40}
LEAST = {NAME: 20, SPACE: 12, START: 5, CONDITION: 12}


def render_space(dimensions: Sequence[Dimension], width: int) -> RenderableType:
    """A line a hyperparameter: its place, what it may be, where the search starts, and when it plays a part."""
    columns = {
        NAME: [each.name for each in dimensions],
        SPACE: [space_text(each) for each in dimensions],
        START: [parameter_text(each.name, each.nearest(each.default)) for each in dimensions],
        CONDITION: [_condition(each) for each in dimensions],
    }
    ranges = [text for each, text in zip(dimensions, columns[SPACE], strict=True) if not each.candidates]
    widths = _widths(columns, width, whole=max([LEAST[SPACE], *map(len, ranges)]))
    shown = {name: short_names(columns[name], size) if name == NAME else columns[name] for name, size in widths.items()}
    table = new_table()
    for heading in widths:
        table.add_column(heading, no_wrap=True)
    for row in zip(*shown.values(), strict=True):
        table.add_row(*(cell(text, size) for text, size in zip(row, widths.values(), strict=True)))
    return table


def _widths(columns: Mapping[str, Sequence[str]], width: int, *, whole: int) -> dict[str, int]:
    """As wide as they need be, and no wider than all of them may be together; ranges are `whole` as long as they can.

    Lists of candidates give way first, then conditions and names; then conditions are left out, at last all is cut.
    """
    widths = {name: min(WIDEST[name], max(map(len, [name, *texts]))) for name, texts in columns.items()}
    if not any(columns[CONDITION]):
        del widths[CONDITION]
    for name, least in ((SPACE, whole), (CONDITION, LEAST[CONDITION]), (NAME, LEAST[NAME]), (CONDITION, 0),
                        (SPACE, LEAST[SPACE]), (START, LEAST[START])):  # fmt: skip
        over = sum(widths.values()) + GAP * (len(widths) - 1) - width
        if over > 0 and name in widths:
            widths[name] = max(min(least, widths[name]), widths[name] - over)
            if name == CONDITION and widths[name] < LEAST[name]:
                del widths[name]
    return widths


def _condition(dimension: Dimension) -> str:
    return " and ".join(
        f"{name.rpartition('.')[2]} {' or '.join(parameter_text(name, value) for value in values)}"
        for name, values in dimension.when
    )
