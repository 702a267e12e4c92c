"""`hagane undeploy`: a version of a model leaves an endpoint."""

from __future__ import annotations

from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import JsonOption, WorkspaceOption, complete_endpoint


def undeploy(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A version (late@3), a label, or a deployed model's id.", show_default=False
        ),
    ],
    *,
    endpoint: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="ENDPOINT",
            help="The endpoint.",
            autocompletion=complete_endpoint,
            show_default=False,
        ),
    ],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Take a version of a model from an endpoint; the others share its traffic.

    [dim]Example:[/dim]  hagane undeploy canary --from late
    """
    from hagane.fronts.cli.render_endpoints import render_endpoint
    from hagane.workflow.undeploy import undeploy as work
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    place = Workspace(workspace)
    state = work(model, endpoint=endpoint, workspace=place)
    output.show(render_endpoint(state, place.endpoints.reports(state.name)))
    output.result({"endpoint": state.as_json()})
