"""`hagane import`: a model that was trained elsewhere becomes one of the workspace's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import JsonOption, WorkspaceOption


def import_model(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="An ONNX or XGBoost model.", show_default=False)],
    *,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What it is called; the file's name by default.")
    ] = None,
    model_type: Annotated[
        str | None, typer.Option("--type", metavar="TYPE", help="onnx or xgboost; by the file's ending by default.")
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", metavar='"NAME TYPE"', help="A column that it reads, where the file does not say."),
    ] = None,
    outputs: Annotated[
        list[str] | None, typer.Option("--output", metavar='"NAME TYPE"', help="What an XGBoost model answers.")
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Register a model that was trained elsewhere: ONNX, XGBoost.

    [dim]Example:[/dim]  hagane import churn.onnx --name churn
    """
    from hagane.bundle.bundle import Bundle
    from hagane.workflow.imports.declared_columns import declared_columns
    from hagane.workflow.imports.import_model import import_model as work
    from hagane.workflow.imports.import_model import origin_of
    from hagane.workspace.model_version import model_name
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    version = work(
        path,
        Workspace(workspace),
        name=name or model_name(path.stem),
        model_type=model_type,
        inputs=declared_columns(_fields(inputs), "--input"),
        outputs=declared_columns(_fields(outputs), "--output"),
        progress=output.progress,
    )
    bundle = Bundle.load(version.path)
    origin, signature = origin_of(bundle), bundle.signature
    assert origin is not None
    about = ", ".join([origin.model_type, *origin.about.values()])
    reads = ", ".join(f"{column.name} {column.type.value}" for column in signature.inputs)
    answers = ", ".join(f"{column.name} {column.type_text}" for column in signature.output_columns)
    output.text(f"{version.reference}: {about}\nreads    {reads}\nanswers  {answers}\n")
    output.result({"model": version.as_json(), "origin": origin, "signature": signature})


def _fields(given: Sequence[str] | None) -> dict[str, str]:
    """`age FLOAT64` → {"age": "FLOAT64"}; a type that is missing is FLOAT64."""
    pairs = (each.strip().partition(" ") for each in given or ())
    return {name: type_.strip() or "FLOAT64" for name, _, type_ in pairs}
