"""`hagane evaluate`: what a model is worth, on the rows held out or on new ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import JsonOption, ModelArgument, WorkspaceOption, one_or_many
from hagane.fronts.cli.write_report import write_report


def evaluate(
    model: ModelArgument,
    data: Annotated[
        list[str] | None,
        typer.Argument(metavar="DATA", help="Labelled rows; without them, the report of training.", show_default=False),
    ] = None,
    *,
    slices: Annotated[
        list[str] | None,
        typer.Option(
            "--slice", metavar="COLUMN", help="Metrics for each value of the column, too.", show_default=False
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the whole report as one HTML page.")
    ] = None,
    plots: Annotated[
        Path | None, typer.Option("--plots", metavar="FOLDER", help="Write the plots as PNG files.")
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Show what a model is worth, beside a baseline that has learned nothing.

    [dim]Example:[/dim]  hagane evaluate late new.csv --slice carrier --html report.html
    """
    if slices and not data:
        raise typer.BadParameter("--slice needs DATA: the report of training holds only the slices of its spec")
    from hagane.fronts.cli.render_evaluation import render_evaluation
    from hagane.workflow.check_output import check_report_outputs
    from hagane.workflow.evaluate import evaluate_model
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    check_report_outputs(html, plots, data=one_or_many(data) if data else None)
    evaluation = evaluate_model(
        model,
        data=one_or_many(data) if data else None,
        workspace=Workspace(workspace),
        slices=tuple(slices or ()),
        progress=output.progress,
    )
    output.show(render_evaluation(evaluation))
    written = write_report(evaluation, model, html, plots, workspace=Workspace(workspace), output=output)
    output.result({"model": model, "evaluation": evaluation, "html": html, "plots": written})
