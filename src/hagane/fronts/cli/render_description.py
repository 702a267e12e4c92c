"""`render_description`: a table described, from its columns to what is wrong with its rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from hagane.fronts.cli.render_collinearity import render_collinearity
from hagane.fronts.cli.render_correlations import render_correlations
from hagane.fronts.cli.render_label import render_label
from hagane.fronts.cli.render_leaks import render_leaks
from hagane.fronts.cli.render_missing import render_missing
from hagane.fronts.cli.render_scatter_plots import render_scatter_plots
from hagane.fronts.cli.render_statistics import render_statistics
from hagane.fronts.cli.short_text import short_text

if TYPE_CHECKING:
    from hagane.description.description import Description


def render_description(description: Description) -> RenderableType:
    """Columns, missing values, the label, what goes together, shapes, what says the same, what cannot be read."""
    parts: list[RenderableType] = [render_statistics(description.statistics)]
    label = description.label
    for section in (
        render_missing(description.missing, label.column if label else ""),
        render_label(label) if label else None,
        render_correlations(description.correlations),
        render_scatter_plots(description.scatter_plots),
        render_collinearity(description.collinearity),
        render_leaks(description.leaks) if description.leaks else None,
    ):
        if section is not None:
            parts += [Text(""), section]
    lines = [
        *(
            Text.assemble(("! ", "yellow"), f"{fault.what}" + (f": {fault.next_step}" if fault.next_step else ""))
            for fault in description.unsupported
        ),
        *_bad_rows(description),
        *_origins(description),
    ]
    return Group(*parts, *([Text("")] if lines else []), *lines)


def _bad_rows(description: Description) -> Iterator[Text]:
    bad = description.bad_rows
    if bad.count:
        yield Text.assemble(("! ", "yellow"), bad.summary())
        for row in bad.examples:
            yield Text(f"  {row.file} line {row.line_number}: {short_text(row.reason, 60)}", "dim")


def _origins(description: Description) -> Iterator[Text]:
    if description.origins:
        names = ", ".join(description.origins)
        yield Text(f"made by the query's joins or aggregates, so at serving the caller gives them: {names}", "dim")
