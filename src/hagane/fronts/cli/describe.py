"""`hagane describe`: what the columns of a table hold."""

from __future__ import annotations

from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import DataArgument, JsonOption, TableOption, one_or_many, pairs


def describe(
    data: DataArgument,
    *,
    label: Annotated[
        str | None, typer.Option("--label", "-l", metavar="COLUMN", help="Also look for columns that leak this one.")
    ] = None,
    table: TableOption = None,
    json: JsonOption = False,
) -> None:
    """Look at a table: types, missing values, distributions, warnings.

    [dim]Example:[/dim]  hagane describe flights.csv --label late
    """
    from hagane.fronts.cli.render_statistics import render_description
    from hagane.workflow.describe import describe as work

    output = Output(json=json)
    description = work(one_or_many(data), label=label, tables=pairs(table, "--table"), progress=output.progress)
    output.show(render_description(description))
    output.result(
        {
            "statistics": description.statistics.without_sketches(),
            "leaks": description.leaks,
            "unsupported": description.unsupported,
            "bad_rows": description.bad_rows,
            "origins": description.origins,
        }
    )
