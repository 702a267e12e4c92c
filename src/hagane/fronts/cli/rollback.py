"""`hagane rollback`: an endpoint becomes what it was."""

from __future__ import annotations

from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import EndpointArgument, JsonOption, WorkspaceOption


def rollback(
    endpoint: EndpointArgument,
    *,
    to: Annotated[
        int | None,
        typer.Option(metavar="REVISION", help="The revision to go back to.", show_default="before the last change"),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Undo the last change of an endpoint's models and traffic; a second time, the one before.

    [dim]Example:[/dim]  hagane rollback late
    """
    from hagane.fronts.cli.render_endpoints import render_endpoint
    from hagane.workflow.rollback import rollback as work
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    place = Workspace(workspace)
    state = work(endpoint, revision=to, workspace=place)
    output.show(render_endpoint(state, place.endpoints.reports(state.name)))
    output.result({"endpoint": state.as_json()})
