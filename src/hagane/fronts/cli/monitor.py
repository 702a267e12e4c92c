"""`hagane monitor`: what came to an endpoint, window by window, and how far it has moved."""

from __future__ import annotations

from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.one_of import one_of
from hagane.fronts.cli.options import JsonOption, LogArgument, WorkspaceOption

BASELINES = ("training", "previous")
EVERY = ("hour", "day", "week", "month")


def monitor(
    endpoint: LogArgument,
    *,
    baseline: Annotated[
        str,
        typer.Option("--baseline", metavar="BASELINE", help="training: skew; previous: drift, from window to window."),
    ] = "training",
    every: Annotated[
        str | None,
        typer.Option("--window", metavar="PERIOD", help="hour, day, week or month, whatever the model's spec says."),
    ] = None,
    windows: Annotated[int, typer.Option("--windows", min=1, max=1000, help="How many of the last windows.")] = 14,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Sum up what is new in a request log, and hold its windows against what the model was trained on.

    What is summed up is kept when the log itself is cleaned away: some kilobytes a column and window.

    [dim]Example:[/dim]  hagane monitor late --baseline previous
    """
    import msgspec

    from hagane.fronts.cli.render_monitor import render_monitor
    from hagane.workflow.monitor import declared_monitoring
    from hagane.workflow.monitor import monitor as run
    from hagane.workspace.workspace import Workspace

    chosen = one_of("--baseline", baseline, BASELINES)
    output, place = Output(json=json), Workspace(workspace)
    declared, notes = declared_monitoring(endpoint, place)
    if every is not None:
        declared = msgspec.structs.replace(declared, every=one_of("--window", every, EVERY))
    report = run(endpoint, workspace=place, baseline=chosen, monitoring=declared, num_windows=windows,
                 progress=output.progress)  # fmt: skip
    report = msgspec.structs.replace(report, notes=(*notes, *report.notes))
    output.show(render_monitor(report))
    for note in report.notes:
        output.hint(note)
    if not report.windows:
        output.hint("no window is over yet: come back later, or look at shorter ones with --window hour")
    output.result(report.as_json())
