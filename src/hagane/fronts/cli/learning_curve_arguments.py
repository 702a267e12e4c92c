"""`LearningCurveArguments`: what `hagane learning-curve` can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from hagane.fronts.cli.options import (
    PANEL_OUTPUT,
    DefaultsOption,
    ExcludeOption,
    FamilyOption,
    HparamOption,
    JsonOption,
    MemoryOption,
    OptionOption,
    SourceArgument,
    SplitOption,
    TableOption,
    WorkspaceOption,
)


@dataclass(frozen=True, kw_only=True)
class LearningCurveArguments:
    """A field for each argument and option; None: the spec's own. What training is told, it is told likewise."""

    source: SourceArgument
    label: Annotated[
        list[str] | None,
        typer.Option("--label", "-l", metavar="COLUMN", help="The column to predict.", show_default=False),
    ] = None
    model: FamilyOption = None
    option: OptionOption = None
    split: SplitOption = None
    exclude: ExcludeOption = None
    hparam: HparamOption = None
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
