"""`TrainArguments`: what `hagane train` can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from hagane.fronts.cli.options import PANEL_OUTPUT, EventsOption
from hagane.fronts.cli.spec_arguments import SpecArguments


@dataclass(frozen=True, kw_only=True)
class TrainArguments(SpecArguments):
    """A field for each argument and option; None: the spec's own."""

    events: EventsOption = None
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", help="Write the whole report as one HTML page.", rich_help_panel=PANEL_OUTPUT
        ),
    ] = None
    plots: Annotated[
        Path | None,
        typer.Option(
            "--plots",
            metavar="FOLDER",
            help="Write the plots, the training curve among them, as PNG files.",
            rich_help_panel=PANEL_OUTPUT,
        ),
    ] = None
