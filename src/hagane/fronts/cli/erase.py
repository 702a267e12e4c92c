"""`hagane erase`: the rows of one person go from an endpoint's logs."""

from __future__ import annotations

from typing import Annotated

import typer

from hagane.counted import counted
from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import FLAG, JsonOption, WorkspaceOption, complete_log


def erase(
    endpoint: Annotated[
        str,
        typer.Option(
            metavar="ENDPOINT",
            help="Whose log: the endpoint's name, or the model's.",
            autocompletion=complete_log,
            show_default=False,
        ),
    ],
    key: Annotated[
        str,
        typer.Option(
            metavar="COLUMN=VALUE",
            help="A raw column (or request_id) and the value that the person's rows have.",
            show_default=False,
        ),
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", metavar=FLAG, help="Erase; without it, only tell.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Erase the rows of one person from a request log and its feedback. Without --yes it only tells what would go.

    [dim]Example:[/dim]  hagane erase --endpoint late --key customer=C-1042 --yes
    """
    from hagane.workflow.erase import erase as work
    from hagane.workspace.workspace import Workspace

    column, equals, value = key.partition("=")
    if not (column and equals):
        raise typer.BadParameter(f"--key {key}: expected COLUMN=VALUE")
    output = Output(json=json)
    place = Workspace(workspace)
    erasure = work(endpoint, column, value, workspace=place, dry_run=not yes, progress=output.progress)
    done = "erased" if yes else "would erase"
    rows = f"{counted(erasure.num_rows, 'row')} and {counted(erasure.num_feedback_rows, 'row')} of feedback"
    output.show(*(f"{file.path}: {counted(file.num_rows, 'row')}" for file in erasure.files))
    output.show(f"{done} {rows} in {counted(len(erasure.files), 'file')} of {endpoint}")
    output.show(*(f"note: {note}" for note in erasure.notes), *(f"not erased: {each}" for each in erasure.elsewhere))
    if erasure.files and not yes:
        output.hint("nothing was changed: say --yes")
    output.result({"erasure": erasure})
