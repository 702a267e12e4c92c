"""`AutoMlArguments`: what `hagane automl` can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from hagane.fronts.cli.options import (
    FLAG,
    PANEL_OUTPUT,
    EventsOption,
    ExcludeOption,
    JsonOption,
    MemoryOption,
    NameOption,
    OneLabelOption,
    SplitOption,
    TableOption,
    WorkspaceOption,
)

PANEL_SEARCH = "Search"


@dataclass(frozen=True, kw_only=True)
class AutoMlArguments:
    """A field for each argument and option; None: the spec's own."""

    source: Annotated[
        list[str],
        typer.Argument(metavar="DATA|SPEC", help="Files or SQL with --label, or a spec (.yaml).", show_default=False),
    ]
    label: OneLabelOption = None
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget",
            metavar="TIME",
            help="Time from the command to the registered model: 10m, 1h30m, 45s; without it, an hour.",
            rich_help_panel=PANEL_SEARCH,
            show_default=False,
        ),
    ] = None
    objective: Annotated[
        str | None,
        typer.Option(
            "--objective",
            metavar="METRIC",
            help="The metric that counts; without it, ROC AUC of two classes, log loss of more, RMSE of numbers.",
            rich_help_panel=PANEL_SEARCH,
            show_default=False,
        ),
    ] = None
    family: Annotated[
        list[str] | None,
        typer.Option(
            "--family",
            metavar="KIND",
            help="Only families of this kind: boosted_tree, dnn, linear, random_forest; again for others.",
            rich_help_panel=PANEL_SEARCH,
            show_default=False,
        ),
    ] = None
    single: Annotated[
        bool,
        typer.Option(
            "--single",
            metavar=FLAG,
            help="No ensemble: the best single model, which is smaller and faster.",
            rich_help_panel=PANEL_SEARCH,
        ),
    ] = False
    drop_leaks: Annotated[
        bool,
        typer.Option(
            "--drop-leaks",
            metavar=FLAG,
            help="Leave out columns that alone predict the label almost perfectly.",
            rich_help_panel=PANEL_SEARCH,
        ),
    ] = False
    name: NameOption = None
    split: SplitOption = None
    exclude: ExcludeOption = None
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", help="Write all that was tried, and the report, as one HTML page.",
            rich_help_panel=PANEL_OUTPUT,
        ),
    ] = None  # fmt: skip
    save_spec: Annotated[
        Path | None,
        typer.Option(
            "--save-spec", metavar="FILE", help="Write the spec that came out: hagane train takes it.",
            rich_help_panel=PANEL_OUTPUT,
        ),
    ] = None  # fmt: skip
    events: EventsOption = None
    memory_limit: MemoryOption = None
    table: TableOption = None
    workspace: WorkspaceOption = None
    json: JsonOption = False
