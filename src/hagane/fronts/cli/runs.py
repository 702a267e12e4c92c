"""`hagane runs`: the trainings that were ended before their model was made, and can go on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import FLAG, JsonOption, WorkspaceOption

if TYPE_CHECKING:
    from hagane.workspace.interrupted_runs import InterruptedRun
    from hagane.workspace.workspace import Workspace

runs = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="List and delete trainings that can go on.\n\n[dim]Example:[/dim]  hagane runs list",
)


@runs.command("list")
def list_runs(workspace: WorkspaceOption = None, json: JsonOption = False) -> None:
    """List the trainings that were ended before their model was made, the latest first; those that go on now, too.

    [dim]Example:[/dim]  hagane runs list
    """
    from hagane.fronts.cli.render_runs import render_runs
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    found = Workspace(workspace).runs()
    output.show(render_runs(found))
    if any(run.can_go_on and not run.is_running for run in found):
        output.hint("the same hagane train goes on with a run; it is removed when its model is made")
    output.result({"runs": [run.as_json() for run in found]})


@runs.command("delete")
def delete_runs(
    run: Annotated[
        list[str] | None, typer.Argument(metavar="RUN", help="The run's id, or its beginning.", show_default=False)
    ] = None,
    every: Annotated[bool, typer.Option("--all", metavar=FLAG, help="Every run that no process works on.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", metavar=FLAG, help="Do not ask.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Delete what is kept of interrupted trainings: they would begin anew.

    [dim]Example:[/dim]  hagane runs delete 3f9a
    """
    from hagane.workspace.workspace import Workspace

    if bool(run) == every:
        raise typer.BadParameter("name runs, or say --all")
    output = Output(json=json)
    place = Workspace(workspace)
    doomed = _doomed(place, run or [])
    if doomed and not yes and not _agreed(doomed):
        raise typer.Exit(1)
    deleted = [place.delete_run(each.id) for each in doomed]
    output.show("deleted " + ", ".join(each.id for each in deleted) if deleted else "there is no run to delete")
    output.result({"deleted": [each.as_json() for each in deleted]})


def _doomed(place: Workspace, named: Sequence[str]) -> Sequence[InterruptedRun]:
    """Those named, or all that no process works on."""
    if named:
        return tuple({found.id: found for found in map(place.run, named)}.values())
    return [run for run in place.runs() if not run.is_running]


def _agreed(doomed: Sequence[InterruptedRun]) -> bool:
    names = ", ".join(run.id for run in doomed)
    if not sys.stdin.isatty():
        raise typer.BadParameter(f"nobody can be asked whether to delete {names}: say --yes")
    return typer.confirm(f"Delete {names} for good?", err=True)
