"""`hagane training-info`: how a model was trained, iteration by iteration."""

from __future__ import annotations

from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import FLAG, JsonOption, ModelArgument, WorkspaceOption


def training_info(
    model: ModelArgument,
    *,
    every: Annotated[bool, typer.Option("--all", metavar=FLAG, help="Every iteration, however many.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show how a model was trained: losses, learning rate and time of each iteration, and which one was kept.

    [dim]Example:[/dim]  hagane training-info late@3
    """
    from hagane.fronts.cli.render_training_info import render_training_info
    from hagane.workflow.training_info import training_info as work
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    info = work(model, workspace=Workspace(workspace))
    output.show(render_training_info(info, every=every))
    for text in info.advice:
        output.progress.note(text)
    output.result(info)
