"""`hagane feedback`: ground truth that has become known, beside an endpoint's request log."""

from __future__ import annotations

from typing import Annotated

import typer

from hagane.counted import counted
from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import DataArgument, JsonOption, WorkspaceOption, complete_log, one_or_many


def feedback(
    data: DataArgument,
    endpoint: Annotated[
        str,
        typer.Option(
            metavar="ENDPOINT",
            help="Whose requests they are: the endpoint's name, or the model's.",
            autocompletion=complete_log,
            show_default=False,
        ),
    ],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Keep what became true of rows that were predicted, by the id of their request.

    The data have the columns request_id, the label's (or truth), and if need be row and time.

    [dim]Example:[/dim]  hagane feedback arrivals.csv --endpoint late
    """
    from hagane.workflow.feedback import add_feedback
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    place = Workspace(workspace)
    num_rows = add_feedback(one_or_many(data), endpoint, workspace=place, progress=output.progress)
    output.show(f"kept {counted(num_rows, 'row')} of feedback for {endpoint}")
    output.result({"endpoint": endpoint, "num_rows": num_rows})
