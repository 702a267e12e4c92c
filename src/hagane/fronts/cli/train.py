"""`hagane train`: a spec, or a table and its label → a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import (
    FLAG,
    PANEL_OUTPUT,
    DefaultsOption,
    JsonOption,
    MemoryOption,
    TableOption,
    WorkspaceOption,
    complete_family,
    complete_model,
    one_or_many,
    pairs,
)
from hagane.fronts.cli.told_events import told_events
from hagane.fronts.cli.write_report import write_report

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
        list[str] | None,
        typer.Option(
            "--label", "-l", metavar="COLUMN", help="The column to predict; again for others.", show_default=False
        ),
    ] = None,
    label_form: Annotated[
        str | None,
        typer.Option(
            "--label-form", metavar="FORM", help="What several labels are: one_hot, multi_label.", show_default=False
        ),
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
    tensorboard: Annotated[
        Path | None,
        typer.Option(
            "--tensorboard",
            metavar="FOLDER",
            help="Write TensorBoard's event files there.",
            rich_help_panel=PANEL_OUTPUT,
        ),
    ] = None,
    events: Annotated[
        str | None,
        typer.Option(
            "--events",
            metavar="FILE|-",
            help="Append what happens to a file, or write it to stdout (-): a JSON line each.",
            rich_help_panel=PANEL_OUTPUT,
            show_default=False,
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", help="Write the whole report as one HTML page.", rich_help_panel=PANEL_OUTPUT
        ),
    ] = None,
    plots: Annotated[
        Path | None,
        typer.Option(
            "--plots",
            metavar="FOLDER",
            help="Write the plots, the training curve among them, as PNG files.",
            rich_help_panel=PANEL_OUTPUT,
        ),
    ] = None,
    warm_start: Annotated[
        str | None,
        typer.Option(
            "--warm-start",
            metavar="MODEL",
            help="Begin with an earlier model: a name (late), name and version (late@3), a bundle, a run's checkpoint.",
            autocompletion=complete_model,
            show_default=False,
        ),
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
    from hagane.fronts.cli.render_training import render_training
    from hagane.progress.events import Finished
    from hagane.spec.check import check_spec
    from hagane.spec.read_yaml import locate_faults
    from hagane.workflow.check_not_input import check_not_input
    from hagane.workflow.check_output import check_page_output
    from hagane.workflow.train import train as work
    from hagane.workspace.workspace import Workspace

    output = Output(json=json)
    with told_events(output, events) as progress:
        path = _spec_path(source)
        spec = _declared(source, path, label, pairs(table, "--table"))
        spec = override_spec(
            spec,
            label=tuple(label or ()),
            label_form=label_form,
            model=model,
            name=name,
            options=pairs(option, "--option"),
            split=split,
            exclude=tuple(exclude or ()),
            memory_limit=memory_limit,
            defaults=defaults,
            warm_start=warm_start,
        )
        spec = override_weights(
            spec,
            weight_column=weight_column,
            auto_class_weights=auto_class_weights,
            downsample=downsample,
            stratify=stratify,
        )
        spec = override_strategy(spec, strategy=strategy, nodes=nodes, device=device)
        spec = with_tensorboard(spec, tensorboard)
        check_spec(spec)
        if html is not None:
            check_page_output(html, option="--html")
            check_not_input(spec.data, html, option="--html")
        hparams = {name: option_value(text) for name, text in pairs(hparam, "--hparam").items()}
        place = Workspace(workspace)
        try:
            result = work(spec, workspace=place, hparams=hparams, progress=progress)
        except HaganeError as error:
            raise (locate_faults(error, path) if path else error) from None
        output.show(render_training(result))
        written = write_report(result.evaluation, result.version.reference, html, plots, workspace=place, output=output)
        for note in result.notes:
            progress.note(note)
        output.result(training_document(result) | {"html": html, "plots": written})
        output.hint(f"next: hagane predict {result.version.reference} DATA -o predictions.parquet")
        progress.tell(
            Finished(
                model=result.version.reference,
                bundle=str(result.bundle),
                duration_seconds=result.duration_seconds,
            )
        )


def with_tensorboard(spec: Spec, folder: Path | None) -> Spec:
    """The spec with `--tensorboard`, where that is given."""
    from msgspec.structs import replace

    return spec if folder is None else replace(spec, training=replace(spec.training, tensorboard=str(folder)))


def _spec_path(source: list[str]) -> str | None:
    return source[0] if len(source) == 1 and Path(source[0]).suffix.lower() in SPEC_SUFFIXES else None


def _declared(source: list[str], path: str | None, label: list[str] | None, tables: dict[str, str]) -> Spec:
    """The spec of the file, or one for data and label."""
    from msgspec.structs import replace

    from hagane.spec.read_yaml import read_spec
    from hagane.spec.spec import Spec

    if path is not None:
        spec = read_spec(path)
        return replace(spec, tables=spec.tables | tables)
    if not label:
        raise typer.BadParameter("--label is needed with DATA: which column is to be predicted?")
    return Spec(data=one_or_many(source), label=tuple(label), tables=tables)


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
