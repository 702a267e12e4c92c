"""`hagane describe`: what the columns of a table hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import DataArgument, JsonOption, MemoryOption, TableOption, one_or_many, pairs
from hagane.fronts.cli.short_text import short_text

SAMPLE = 100_000
MAX_TITLE = 100


def title_of(data: list[str]) -> str:
    """What a page is called: the files' names, or the query.

    >>> title_of(["data/flights.csv"]), title_of(["SELECT 1 AS one"])
    ('flights.csv', 'SELECT 1 AS one')
    """
    names = [" ".join(each.split()) if " " in each else Path(each).name or each for each in data]
    return short_text(", ".join(names), MAX_TITLE)


def _one_label(labels: list[str] | None) -> str | None:
    """Raises BadParameter for several."""
    if labels and len(labels) > 1:
        told = ", ".join(labels)
        raise typer.BadParameter(f"describe looks at one label at a time, not at {told}: run it for each")
    return labels[0] if labels else None


def describe(
    data: DataArgument,
    *,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label", "-l", metavar="COLUMN", help="The column to predict: what tells it, and suspected leaks."
        ),
    ] = None,
    table: TableOption = None,
    sample: Annotated[
        int,
        typer.Option(
            "--sample",
            metavar="ROWS",
            min=100,
            help="Rows to look at where not all are (ranks, groups, plots).",
        ),
    ] = SAMPLE,
    memory_limit: MemoryOption = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Also write it all, with pictures, as one HTML page."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Look at a table: types, missing values, distributions, what goes together, what says the same.

    [dim]Example:[/dim]  hagane describe flights.csv --label late
    """
    from hagane.fronts.cli.render_description import render_description
    from hagane.workflow.check_output import check_report_outputs
    from hagane.workflow.describe import describe as work
    from hagane.workflow.write_text import write_text

    one_label = _one_label(label)
    output = Output(json=json)
    check_report_outputs(html, None, data=one_or_many(data), tables=pairs(table, "--table"))
    description = work(
        one_or_many(data),
        label=one_label,
        tables=pairs(table, "--table"),
        sampled_rows=sample,
        memory_limit=memory_limit,
        progress=output.progress,
    )
    if html is not None:
        write_text(html, description.to_html(title=title_of(data)))
    output.show(render_description(description))
    output.result(msgspec.structs.replace(description, statistics=description.statistics.without_sketches()))
