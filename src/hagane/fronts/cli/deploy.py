"""`hagane deploy`: a version of a model goes behind an endpoint."""

from __future__ import annotations

from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import FLAG, JsonOption, ModelArgument, WorkspaceOption, complete_endpoint


def deploy(
    model: ModelArgument,
    *,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="ENDPOINT",
            help="The endpoint; it is made if it is not there.",
            autocompletion=complete_endpoint,
            show_default="the model's name",
        ),
    ] = None,
    traffic: Annotated[
        int | None,
        typer.Option(
            metavar="PERCENT",
            help="Its share of the requests; the others share the rest.",
            show_default="100, or 0 with --mirror",
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(help="A label by which it can be asked for (canary), once for each.", show_default=False),
    ] = None,
    mirror: Annotated[
        int | None,
        typer.Option(
            metavar="PERCENT",
            help="Of how many requests it answers copies, for comparison alone.",
            show_default=False,
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", metavar=FLAG, help="Keep deployed what it takes all traffic from.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", metavar=FLAG, help="Even if callers' requests would break.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Put a version of a model behind an endpoint; its servers take it up without an interruption.

    [dim]Example:[/dim]  hagane deploy late@4 --to late --traffic 10 --label canary
    """
    from hagane.fronts.cli.render_endpoints import render_endpoint
    from hagane.workflow.deploy import deploy as work
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    place = Workspace(workspace)
    state = work(
        model,
        to=to,
        traffic=traffic,
        labels=tuple(label or ()),
        mirror=mirror,
        keep=keep,
        force=force,
        workspace=place,
    )
    reports = place.endpoints.reports(state.name)
    output.show(render_endpoint(state, reports))
    output.result({"endpoint": state.as_json()})
