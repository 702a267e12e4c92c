"""`LearningCurveArguments`: what `hagane learning-curve` can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from hagane.fronts.cli.options import (
    PANEL_OUTPUT,
    DefaultsOption,
    JsonOption,
    MemoryOption,
    TableOption,
    WorkspaceOption,
    complete_family,
)


@dataclass(frozen=True, kw_only=True)
class LearningCurveArguments:
    """A field for each argument and option; None: the spec's own. What training is told, it is told likewise."""

    source: Annotated[
        list[str],
        typer.Argument(metavar="SPEC|DATA", help="A spec (.yaml), or files or SQL with --label.", show_default=False),
    ]
    label: Annotated[
        list[str] | None,
        typer.Option("--label", "-l", metavar="COLUMN", help="The column to predict.", show_default=False),
    ] = None
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="TYPE",
            help="The model family; without it, boosted trees.",
            autocompletion=complete_family,
            show_default=False,
        ),
    ] = None
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="An option of the family.", show_default=False),
    ] = None
    split: Annotated[
        str | None,
        typer.Option("--split", metavar="METHOD[:COLUMN]", help="How rows are divided.", show_default=False),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="COLUMN", help="A column to leave out.", show_default=False),
    ] = None
    hparam: Annotated[
        list[str] | None,
        typer.Option("--hparam", metavar="NAME=VALUE", help="A value for a hyperparameter.", show_default=False),
    ] = None
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric", metavar="NAME", help="What is told of each training.", show_default="log_loss, or RMSE"
        ),
    ] = None
    more: Annotated[float, typer.Option("--more", metavar="TIMES", help="How many times the rows to look ahead.")] = (
        10.0
    )
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write the curve as a page.", rich_help_panel=PANEL_OUTPUT),
    ] = None
    defaults: DefaultsOption = None
    memory_limit: MemoryOption = None
    table: TableOption = None
    workspace: WorkspaceOption = None
    json: JsonOption = False
