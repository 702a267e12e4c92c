"""`hagane explain`: what each column added to each prediction of a table, and what matters over all of its rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hagane.counted import counted
from hagane.fronts.cli.console import Output
from hagane.fronts.cli.one_of import one_of
from hagane.fronts.cli.options import FLAG, DataArgument, JsonOption, ModelArgument, WorkspaceOption, one_or_many


def explain(
    model: ModelArgument,
    data: DataArgument,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="The Parquet file to write, a row for each row."),
    ] = None,
    top_k: Annotated[int, typer.Option(metavar="N", help="Columns told of each row, the largest first.")] = 5,
    space: Annotated[
        str, typer.Option(metavar="SPACE", help="What is explained: raw (log odds) or output (probabilities, numbers).")
    ] = "raw",
    output: Annotated[
        str | None,
        typer.Option(metavar="CLASS", help="The class, or the label, to explain.", show_default="the predicted one"),
    ] = None,
    permutation: Annotated[
        bool,
        typer.Option("--permutation", metavar=FLAG, help="Measure permutation importance, too: the rows need labels."),
    ] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write what matters as a page.")] = None,
    plots: Annotated[
        Path | None, typer.Option("--plots", metavar="FOLDER", help="Write what matters as PNG pictures.")
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Explain every prediction of a table: what each column added to it.

    The file holds ML.EXPLAIN_PREDICT's columns, then those of the data; what is shown is ML.GLOBAL_EXPLAIN's.

    [dim]Example:[/dim]  hagane explain late new.parquet -o explained.parquet
    """
    from hagane.fronts.cli.render_explanation import render_explanation
    from hagane.workflow.check_output import check_report_outputs
    from hagane.workflow.explain import explain_file
    from hagane.workflow.write_explanation import write_explanation_html, write_explanation_plots
    from hagane.workspace.workspace import Workspace

    told = Output(json=json)
    source = one_or_many(data)
    check_report_outputs(html, plots, data=source)
    summary = explain_file(
        model,
        source,
        out,
        workspace=Workspace(workspace),
        top_k=top_k,
        space="output" if one_of("--space", space, ("raw", "output")) == "output" else "raw",
        output=output,
        permutation=permutation,
        progress=told.progress,
    )
    told.show(render_explanation(summary))
    if summary.num_row_errors:
        told.progress.note(f"an expression erred on {counted(summary.num_row_errors, 'row')}, such as LN(-1)")
    if out is not None:
        told.show(f"wrote {counted(summary.num_rows, 'explanation')} to {out}")
    if html is not None:
        write_explanation_html(summary, model, html)
        told.show(f"wrote {html}")
    files = write_explanation_plots(summary, plots) if plots is not None else ()
    told.result({"explanation": summary, "html": html, "plots": list(files)})
