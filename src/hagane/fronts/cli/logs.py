"""`hagane logs`: what was asked and answered, as endpoints' request logs keep it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hagane.counted import counted
from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import FLAG, JsonOption, LogArgument, WorkspaceOption

logs = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="List, show, export and clean the logs of requests.\n\n[dim]Example:[/dim]  hagane logs show late",
)

SinceOption = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="From this moment on (2026-11-21T10:00, UTC), or so long ago (90min, 6h, 2d)."),
]
UntilOption = Annotated[str | None, typer.Option(metavar="TIME", help="Before this moment.")]
TruthOption = Annotated[
    bool, typer.Option("--with-truth", metavar=FLAG, help="With the ground truth that has arrived for each row.")
]


@logs.command("list")
def list_request_logs(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List the logs of the workspace.

    [dim]Example:[/dim]  hagane logs list
    """
    from hagane.fronts.cli.render_logs import render_logs
    from hagane.workflow.request_log import list_logs
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    found = list_logs(Workspace(workspace))
    output.show(render_logs(found))
    if not found:
        output.hint("begin one with: hagane serve MODEL --log-rate 0.1")
    output.result({"logs": found})


@logs.command("show")
def show_log(
    endpoint: LogArgument,
    *,
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, max=10_000, help="How many of the latest rows.")] = 10,
    since: SinceOption = None,
    until: UntilOption = None,
    with_truth: TruthOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show the latest rows: what was asked, what was answered, by whom.

    [dim]Example:[/dim]  hagane logs show late -n 20 --with-truth
    """
    from hagane.fronts.cli.render_logs import render_rows
    from hagane.workflow.log_window import LogWindow
    from hagane.workflow.request_log import recent_rows
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    window = LogWindow.of(since, until)
    found = recent_rows(endpoint, rows, workspace=Workspace(workspace), window=window, with_truth=with_truth)
    output.show(render_rows(found))
    output.result({"rows": found})


@logs.command("export")
def export_log(
    endpoint: LogArgument,
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="The .parquet or .jsonl to write.", show_default=False)
    ],
    since: SinceOption = None,
    until: UntilOption = None,
    with_truth: TruthOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write the rows to one file, by time.

    [dim]Example:[/dim]  hagane logs export late --since 7d --with-truth -o week.parquet
    """
    from hagane.workflow.check_output import check_output
    from hagane.workflow.log_window import LogWindow
    from hagane.workflow.request_log import export_request_log
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    check_output(out, option="-o")
    num_rows = export_request_log(
        endpoint,
        out,
        workspace=Workspace(workspace),
        window=LogWindow.of(since, until),
        with_truth=with_truth,
        progress=output.progress,
    )
    output.show(f"wrote {counted(num_rows, 'row')} to {out}")
    output.result({"path": out, "num_rows": num_rows})


@logs.command("clean")
def clean_log(
    endpoint: LogArgument,
    *,
    days: Annotated[
        float | None, typer.Option(min=0, help="Delete hours that ended longer ago.", show_default="30")
    ] = None,
    limit: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Delete the oldest hours above this size: 10GB, …", show_default="10GB"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", metavar=FLAG, help="Delete; without it, only tell.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Delete old hours and merge small files, as the endpoint's server does by itself. Without --yes only told.

    [dim]Example:[/dim]  hagane logs clean late --days 7 --yes
    """
    from hagane.fronts.cli.cache import num_bytes
    from hagane.fronts.cli.render_cache import size_text
    from hagane.workflow.clean_log import clean_request_log
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    max_bytes = None if limit is None else num_bytes(limit)
    place = Workspace(workspace)
    expired = clean_request_log(endpoint, workspace=place, max_age_days=days, max_bytes=max_bytes, dry_run=not yes)
    done = "deleted" if yes else "would delete"
    output.show(*expired.hours, f"{done} {counted(len(expired.hours), 'hour')}, {size_text(expired.num_bytes)}")
    if expired.hours and not yes:
        output.hint("nothing was deleted: say --yes")
    output.result({"deleted": yes, "expired": expired})
