"""`hagane train`: a spec, or a table and its label → a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import (
    FLAG,
    DefaultsOption,
    JsonOption,
    MemoryOption,
    TableOption,
    WorkspaceOption,
    complete_family,
    one_or_many,
    pairs,
)

if TYPE_CHECKING:
    from hagane.spec.spec import Spec
    from hagane.workflow.train import TrainResult

SPEC_SUFFIXES = (".yaml", ".yml")


def train(
    source: Annotated[
        list[str],
        typer.Argument(metavar="SPEC|DATA", help="A spec (.yaml), or files or SQL with --label.", show_default=False),
    ],
    *,
    label: Annotated[
        str | None, typer.Option("--label", "-l", metavar="COLUMN", help="The column to predict.", show_default=False)
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            "-m",
            metavar="TYPE",
            help="The model family; without it, boosted trees.",
            autocompletion=complete_family,
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", "-n", help="What to call the model; without it, the label.", show_default=False),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="An option of the family.", show_default=False),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            "--split",
            metavar="METHOD[:COLUMN]",
            help="How rows are divided: random, key:COLUMN, time:COLUMN, column:COLUMN, none.",
            show_default=False,
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="COLUMN", help="A column to leave out.", show_default=False),
    ] = None,
    hparam: Annotated[
        list[str] | None,
        typer.Option("--hparam", metavar="NAME=VALUE", help="A value for a hyperparameter.", show_default=False),
    ] = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy",
            metavar="TYPE[:PROCESSES][@HOST:PORT]",
            help="Who trains a network: single, mirrored (processes of this machine), multi_worker (several machines, "
            "each with this command).",
            show_default=False,
        ),
    ] = None,
    nodes: Annotated[
        str | None,
        typer.Option("--nodes", metavar="N|MIN:MAX", help="Machines of multi_worker.", show_default=False),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option("--device", metavar="DEVICE", help="Where: auto, cpu, cuda.", show_default=False),
    ] = None,
    stratify: Annotated[
        bool, typer.Option("--stratify", metavar=FLAG, help="Give each class the same share of every part.")
    ] = False,
    downsample: Annotated[
        float | None,
        typer.Option(
            "--downsample", metavar="RATE", help="Train on this share of the most frequent class.", show_default=False
        ),
    ] = None,
    auto_class_weights: Annotated[
        bool,
        typer.Option("--auto-class-weights", metavar=FLAG, help="Let rare classes count as much as frequent ones."),
    ] = False,
    weight_column: Annotated[
        str | None,
        typer.Option("--weight-column", metavar="COLUMN", help="What each row counts.", show_default=False),
    ] = None,
    defaults: DefaultsOption = None,
    memory_limit: MemoryOption = None,
    table: TableOption = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Train a model, and report how good it is on rows it has not seen.

    Options on the command line go before those of the spec.

    [dim]Examples:[/dim]
      hagane train spec.yaml
      hagane train spec.yaml --model dnn_classifier --option dropout=0.2
      hagane train flights.csv --label late --split time:departure
    """
    from hagane.errors import HaganeError
    from hagane.fronts.cli.override_spec import option_value, override_spec
    from hagane.fronts.cli.override_strategy import override_strategy
    from hagane.fronts.cli.override_weights import override_weights
    from hagane.spec.check import check_spec
    from hagane.spec.read_yaml import locate_faults
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    path = _spec_path(source)
    spec = _declared(source, path, label, pairs(table, "--table"))
    spec = override_spec(
        spec,
        label=label,
        model=model,
        name=name,
        options=pairs(option, "--option"),
        split=split,
        exclude=tuple(exclude or ()),
        memory_limit=memory_limit,
        defaults=defaults,
    )
    spec = override_weights(
        spec,
        weight_column=weight_column,
        auto_class_weights=auto_class_weights,
        downsample=downsample,
        stratify=stratify,
    )
    spec = override_strategy(spec, strategy=strategy, nodes=nodes, device=device)
    check_spec(spec)
    hparams = {name: option_value(text) for name, text in pairs(hparam, "--hparam").items()}
    from hagane.fronts.cli.render_training import render_training
    from hagane.workflow.train import train as work

    try:
        result = work(spec, workspace=Workspace(workspace), hparams=hparams, progress=output.progress)
    except HaganeError as error:
        raise (locate_faults(error, path) if path else error) from None
    output.show(render_training(result))
    for note in result.notes:
        output.progress.note(note)
    output.result(training_document(result))
    output.hint(f"next: hagane predict {result.version.reference} DATA -o predictions.parquet")


def _spec_path(source: list[str]) -> str | None:
    return source[0] if len(source) == 1 and Path(source[0]).suffix.lower() in SPEC_SUFFIXES else None


def _declared(source: list[str], path: str | None, label: str | None, tables: dict[str, str]) -> Spec:
    """The spec of the file, or one for data and label."""
    from msgspec.structs import replace

    from hagane.spec.read_yaml import read_spec
    from hagane.spec.spec import Spec

    if path is not None:
        spec = read_spec(path)
        return replace(spec, tables=spec.tables | tables)
    if label is None:
        raise typer.BadParameter("--label is needed with DATA: which column is to be predicted?")
    return Spec(data=one_or_many(source), label=label, tables=tables)


def training_document(result: TrainResult) -> dict[str, Any]:
    """What `hagane train --json` prints."""
    return {
        "model": result.version.as_json(),
        "bundle": result.bundle,
        "spec": result.spec,
        "split_counts": result.split_counts,
        "evaluation": result.evaluation,
        "anomalies": result.anomalies,
        "outliers": result.outliers,
        "leaks": result.leaks,
        "notes": result.notes,
        "duration_seconds": result.duration_seconds,
    }
