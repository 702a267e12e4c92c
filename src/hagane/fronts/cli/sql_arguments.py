"""`SqlArguments`: what `hagane sql` can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from hagane.fronts.cli.options import PANEL_OUTPUT, JsonOption, MemoryOption, WorkspaceOption

PANEL_SERVE = "BigQuery's API"
RowFormat = Literal["table", "csv", "json", "jsonl", "parquet"]


@dataclass(frozen=True, kw_only=True)
class SqlArguments:
    """A field for each argument and option."""

    script: Annotated[
        str | None,
        typer.Argument(
            metavar="SQL|FILE|-",
            help="Statements, a file of them (.sql), or - for stdin; without it, an interactive shell.",
            show_default=False,
        ),
    ] = None
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param",
            metavar="NAME:TYPE:VALUE",
            help="The value of @NAME; without NAME, of the next ?. TYPE is STRING where it is left out.",
            show_default=False,
        ),
    ] = None
    dataset: Annotated[str, typer.Option("--dataset", metavar="NAME", help="What names without a dataset are in.")] = (
        "main"
    )
    memory_limit: MemoryOption = None
    format: Annotated[
        RowFormat | None,
        typer.Option(
            "--format",
            metavar="table|csv|json|jsonl|parquet",
            help="How rows are written; without it, by the name of the output, else as a table.",
            rich_help_panel=PANEL_OUTPUT,
            show_default=False,
        ),
    ] = None
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where the rows of the last query go.",
            rich_help_panel=PANEL_OUTPUT,
            show_default=False,
        ),
    ] = None
    max_rows: Annotated[
        int,
        typer.Option(
            "--max-rows", metavar="N", min=1, help="How many rows a table shows.", rich_help_panel=PANEL_OUTPUT
        ),
    ] = 100
    serve: Annotated[
        bool,
        typer.Option(
            "--serve",
            help="Answer BigQuery's REST API instead, so that its clients run their statements here.",
            rich_help_panel=PANEL_SERVE,
        ),
    ] = False
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where it is answered; 0 for any.", rich_help_panel=PANEL_SERVE)
    ] = 9050
    host: Annotated[
        str,
        typer.Option(help="Who else may reach it: an address of this machine.", rich_help_panel=PANEL_SERVE),
    ] = "127.0.0.1"
    token: Annotated[
        str,
        typer.Option(
            envvar="HAGANE_SQL_TOKEN",
            help="What clients must send (Authorization: Bearer …).",
            rich_help_panel=PANEL_SERVE,
            show_default=False,
        ),
    ] = ""
    workspace: WorkspaceOption = None
    json: JsonOption = False
