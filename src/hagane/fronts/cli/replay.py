"""`hagane replay`: logged requests are asked again, to see that they are answered as they were."""

from __future__ import annotations

from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.logs import SinceOption, UntilOption
from hagane.fronts.cli.options import JsonOption, LogArgument, WorkspaceOption


def replay(
    endpoint: LogArgument,
    *,
    rows: Annotated[
        int, typer.Option("--rows", "-n", min=1, max=100_000, help="At most so many rows of each model.")
    ] = 500,
    since: SinceOption = None,
    until: UntilOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Ask a sample of a request log again of the versions that answered; exits with 1 where a row differs.

    Features are made both ways, as training made them and as the server does, and have to be equal to the bit; so have
    the answers, on the same build of the runtime.

    [dim]Example:[/dim]  hagane replay late --since 1d
    """
    from hagane.fronts.cli.render_replay import render_replay
    from hagane.workflow.log_window import LogWindow
    from hagane.workflow.replay import replay as run
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    window = LogWindow.of(since, until)
    report = run(endpoint, workspace=Workspace(workspace), window=window, num_rows=rows, progress=output.progress)
    output.show(render_replay(report))
    output.result(report)
    if not report.is_same:
        raise typer.Exit(1)
