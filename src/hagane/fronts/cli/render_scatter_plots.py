"""`render_scatter_plots`: the pairs worth a look, drawn small, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hagane.fronts.cli.braille_plot import braille_plot
from hagane.fronts.cli.fit_width import FitWidth
from hagane.fronts.cli.short_text import short_text
from hagane.page.short_name import short_name

if TYPE_CHECKING:
    from hagane.description.scatter_plots import ScatterPlot, ScatterPlots

PLOT_WIDTH, PLOT_HEIGHT, GAP = 16, 8, 3
"""A dot a cell of a grid."""
MAX_WIDTH = 30
"""Of names and words, where the plots are few."""
MAX_ROWS = 2
FAINT = 0.01
"""Of the fullest cell: fewer rows make no dot."""


def render_scatter_plots(plots: ScatterPlots) -> RenderableType | None:
    """What equal statistics hide in words, then two rows of plots; None where there is nothing to look at."""
    shown = [plot for plot in plots.plots if plot.shape.flags or abs(plot.shape.pearson) >= 0.5]
    if not shown:
        return None
    told = [Padding(Text(each.text, "yellow"), (0, 0, 0, 2)) for each in plots.lookalikes]
    return Group(
        Text("shapes: what the correlations hide", "bold"),
        *told,
        FitWidth(lambda width: Group(*_rows(shown, width))),
        *(Text(note, "dim") for note in plots.notes),
    )


def _rows(plots: Sequence[ScatterPlot], room: int) -> Iterator[RenderableType]:
    num_across = min(len(plots), max(1, (room + GAP) // (PLOT_WIDTH + GAP)))
    width = min(MAX_WIDTH, max(PLOT_WIDTH, (room + GAP) // num_across - GAP))
    for start in range(0, min(len(plots), MAX_ROWS * num_across), num_across):
        grid = Table.grid(padding=(0, GAP, 0, 0))
        for _ in range(num_across):
            grid.add_column(width=width, overflow="fold")
        grid.add_row(*(_cell(plot, width) for plot in plots[start : start + num_across]))
        yield from (Text(""), grid) if start else (grid,)


def _cell(plot: ScatterPlot, width: int) -> Text:
    """Plot, names, r, and what is flagged."""
    shape = plot.shape
    x, y = (short_name(short_text(name, len(name)), width - 2) for name in (shape.x, shape.y))
    drawn = "\n".join(braille_plot(_points(plot), PLOT_WIDTH, PLOT_HEIGHT))
    below = f"\n→ {x}\nr {shape.pearson:.2f}  ρ {shape.spearman:.2f}"
    flagged = f"\n{shape.text}" if shape.text else ""
    return Text.assemble((f"↑ {y}\n", "bold"), (drawn, "green"), (below, "bold"), (flagged, "dim"))


def _points(plot: ScatterPlot) -> Iterator[tuple[float, float]]:
    """In the unit square: the rows, or the middles of the cells that hold many."""
    width, height = (plot.x_high - plot.x_low) or 1.0, (plot.y_high - plot.y_low) or 1.0
    for x, y in (*plot.points, *plot.shape.influential):
        yield (x - plot.x_low) / width, (y - plot.y_low) / height
    most = max((max(row) for row in plot.counts), default=0)
    for down, row in enumerate(plot.counts):
        for across, count in enumerate(row):
            if count > FAINT * most:
                yield (across + 0.5) / len(row), (down + 0.5) / len(plot.counts)
