"""`hagane predict`: a model over a table, into a Parquet file."""

from __future__ import annotations

from typing import Annotated

import typer

from hagane.counted import counted
from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import DataArgument, JsonOption, ModelArgument, WorkspaceOption, one_or_many


def predict(
    model: ModelArgument,
    data: DataArgument,
    *,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE|FOLDER/",
            help="The Parquet file to write, or, ending in /, the folder of Parquet files.",
            show_default=False,
        ),
    ],
    columns: Annotated[
        list[str] | None,
        typer.Option(
            metavar="A,B,…",
            help="The columns of the data to keep beside the predictions; '' for none.",
            show_default="all",
        ),
    ] = None,
    compression: Annotated[
        str, typer.Option(help="How the file is compressed: snappy, zstd, lz4, gzip, none.")
    ] = "snappy",
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Predict every row of a table, larger than memory if need be.

    The file holds the predictions, then the columns of the data. Interrupted, the same command goes on where it was.

    [dim]Example:[/dim]  hagane predict late new.parquet -o predictions.parquet
    """
    from hagane.fronts.cli.render_anomalies import render_anomalies
    from hagane.fronts.cli.stage_text import rate_text, seconds_text
    from hagane.workflow.predict import predict_file
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    summary = predict_file(
        model,
        one_or_many(data),
        out,
        workspace=Workspace(workspace),
        columns=_names(columns),
        compression=compression,
        progress=output.progress,
    )
    done = summary.num_rows - summary.num_rows_before
    speed = rate_text(done / summary.seconds, "rows") if summary.seconds else ""
    wrote = f"wrote {counted(summary.num_rows, 'prediction')} to {summary.path}"
    output.show(f"{wrote} in {seconds_text(summary.seconds)} ({speed})")
    if summary.num_row_errors:
        output.progress.note(f"an expression erred on {counted(summary.num_row_errors, 'row')}, such as LN(-1)")
    if summary.num_bad_rows:
        output.progress.note(f"no prediction for {counted(summary.num_bad_rows, 'row')} that could not be parsed")
    if summary.anomalies is not None and summary.anomalies.findings:
        output.show("", render_anomalies(summary.anomalies))
    output.result(
        {
            "path": summary.path,
            "num_rows": summary.num_rows,
            "num_rows_before": summary.num_rows_before,
            "num_row_errors": summary.num_row_errors,
            "num_bad_rows": summary.num_bad_rows,
            "anomalies": summary.anomalies,
            "seconds": summary.seconds,
        }
    )


def _names(columns: list[str] | None) -> list[str] | None:
    """The names of `--columns a,b --columns c`; None where it was not given."""
    return None if columns is None else [name for text in columns for name in text.split(",") if name]
