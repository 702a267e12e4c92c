"""`hagane describe`: what the columns of a table hold."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import DataArgument, JsonOption, MemoryOption, TableOption, one_or_many, pairs

SAMPLE = 100_000


def describe(
    data: DataArgument,
    *,
    label: Annotated[
        str | None, typer.Option("--label", "-l", metavar="COLUMN", help="Also look for columns that leak this one.")
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
    json: JsonOption = False,
) -> None:
    """Look at a table: types, missing values, distributions, what goes together, what says the same.

    [dim]Example:[/dim]  hagane describe flights.csv --label late
    """
    from hagane.fronts.cli.render_description import render_description
    from hagane.workflow.describe import describe as work

    output = Output(json=json)
    description = work(
        one_or_many(data),
        label=label,
        tables=pairs(table, "--table"),
        sampled_rows=sample,
        memory_limit=memory_limit,
        progress=output.progress,
    )
    output.show(render_description(description))
    output.result(msgspec.structs.replace(description, statistics=description.statistics.without_sketches()))
