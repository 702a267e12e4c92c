"""`hagane compare`: models side by side, on the same rows, and whether that is fair."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import JsonOption, WorkspaceOption, complete_model, one_or_many


def compare(
    models: Annotated[
        list[str],
        typer.Argument(metavar="MODEL", help="Two models or more.", autocompletion=complete_model, show_default=False),
    ],
    *,
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            metavar="DATA",
            help="Labelled rows to judge on; without them, the rows that all models kept back.",
            show_default=False,
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the comparison as one HTML page.")
    ] = None,
    resamples: Annotated[
        int, typer.Option("--resamples", min=0, max=100_000, help="Bootstrap resamples; 0: no intervals.")
    ] = 1_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the resamples.")] = 0,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Put models side by side on the same rows: metrics with intervals, tests, cost, and what their specs do otherwise.

    Each is held against the first. What makes the comparison unfair is said before anything else.

    [dim]Example:[/dim]  hagane compare late@2 late@3 --html comparison.html
    """
    from hagane.fronts.cli.render_comparison import render_comparison
    from hagane.workflow.check_output import check_report_outputs
    from hagane.workflow.compare import compare_models
    from hagane.workflow.write_text import write_text
    from hagane.workspace.workspace import Workspace

    chosen = list(dict.fromkeys(models))
    if len(chosen) < 2:
        raise typer.BadParameter("name two different models or more")
    output = Output(json=json)
    rows = one_or_many(data) if data else None
    check_report_outputs(html, None, data=rows)
    comparison = compare_models(
        chosen,
        data=rows,
        workspace=Workspace(workspace),
        num_resamples=resamples,
        seed=seed,
        progress=output.progress,
    )
    output.show(render_comparison(comparison))
    if html is not None:
        write_text(html, comparison.to_html())
        output.show(f"wrote {html}")
    output.result({"comparison": comparison, "html": html})
