"""`hagane weights`: what a linear model adds up."""

from __future__ import annotations

from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import FLAG, JsonOption, ModelArgument, WorkspaceOption


def weights(
    model: ModelArgument,
    *,
    top: Annotated[
        int, typer.Option("--top", metavar="N", min=1, help="How many weights to show, the intercept among them.")
    ] = 30,
    every: Annotated[bool, typer.Option("--all", metavar=FLAG, help="Show every weight.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show the weights of a linear model, by feature and category, with p-values if it was trained to have them.

    [dim]Example:[/dim]  hagane weights late --top 10
    """
    from hagane.fronts.cli.render_weights import render_weights
    from hagane.workflow.weights import model_weights
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    found = model_weights(model, workspace=Workspace(workspace))
    output.show(render_weights(found, most=None if every else top))
    output.result({"model": model, "weights": found})
