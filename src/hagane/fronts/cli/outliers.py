"""`hagane outliers`: the rows of a table that are unlike the others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import DataArgument, JsonOption, MemoryOption, TableOption, one_or_many, pairs

DEFAULT_CONTAMINATION = 0.01


def outliers(
    data: DataArgument,
    *,
    rule: Annotated[
        list[str] | None,
        typer.Option("--rule", metavar="NAME=SQL", help="A condition that is TRUE for an outlier.", show_default=False),
    ] = None,
    z_score: Annotated[
        list[str] | None,
        typer.Option(
            "--z-score", metavar="COLUMN=TIMES", help="So many deviations from the median.", show_default=False
        ),
    ] = None,
    iqr: Annotated[
        list[str] | None,
        typer.Option("--iqr", metavar="COLUMN=TIMES", help="So far beyond the quartiles.", show_default=False),
    ] = None,
    contamination: Annotated[
        float | None,
        typer.Option(help="The share of the rows of the highest isolation scores; without any rule, 0.01."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="The isolation score, 0 to 1, from which a row is an outlier.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column", metavar="COLUMN", help="A column to score rows by; all by default.", show_default=False
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="COLUMN", help="A column not to score rows by.", show_default=False),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=0, help="How many outliers to show.")] = 10,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="A Parquet file for all of them.", show_default=False),
    ] = None,
    memory_limit: MemoryOption = None,
    table: TableOption = None,
    json: JsonOption = False,
) -> None:
    """List rows that are unlike the others: by rules, or by how early random cuts isolate them.

    [dim]Example:[/dim]  hagane outliers trips.csv --z-score fare=8 --contamination 0.001
    """
    from hagane.fronts.cli.render_outliers import render_outliers
    from hagane.spec.outliers import IsolationScore, Outliers
    from hagane.workflow.outliers import outliers_of

    if contamination is None and threshold is None and not (rule or z_score or iqr):
        contamination = DEFAULT_CONTAMINATION
    has_score = contamination is not None or threshold is not None
    score = IsolationScore(contamination=contamination, threshold=threshold, columns=tuple(column or ()))
    wanted = Outliers(
        rules=pairs(rule, "--rule"),
        z_score=_numbers(z_score, "--z-score"),
        iqr=_numbers(iqr, "--iqr"),
        isolation_score=score if has_score else None,
        max_fraction=1.0,
    )
    output = Output(json=json)
    report = outliers_of(
        one_or_many(data),
        wanted,
        exclude=tuple(exclude or ()),
        tables=pairs(table, "--table"),
        out=out,
        num_examples=top,
        memory_limit=memory_limit,
        progress=output.progress,
    )
    output.show(render_outliers(report))
    output.result(report)


def _numbers(texts: list[str] | None, option: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, text in pairs(texts, option).items():
        try:
            found[name] = float(text)
        except ValueError:
            raise typer.BadParameter(f"{option} {name}={text}: expected COLUMN=NUMBER") from None
    return found
