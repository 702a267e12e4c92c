"""`SpecArguments`: what every command can be told that makes a model of a spec, or of data and a label."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from hagane.fronts.cli.options import (
    FLAG,
    PANEL_OUTPUT,
    DefaultsOption,
    ExcludeOption,
    FamilyOption,
    HparamOption,
    JsonOption,
    MemoryOption,
    NameOption,
    OptionOption,
    SourceArgument,
    SplitOption,
    TableOption,
    WorkspaceOption,
    complete_model,
)


@dataclass(frozen=True, kw_only=True)
class SpecArguments:
    """A field for each argument and option; None: the spec's own."""

    source: SourceArgument
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label", "-l", metavar="COLUMN", help="The column to predict; again for others.", show_default=False
        ),
    ] = None
    label_form: Annotated[
        str | None,
        typer.Option(
            "--label-form", metavar="FORM", help="What several labels are: one_hot, multi_label.", show_default=False
        ),
    ] = None
    model: FamilyOption = None
    name: NameOption = None
    option: OptionOption = None
    split: SplitOption = None
    exclude: ExcludeOption = None
    hparam: HparamOption = None
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy",
            metavar="TYPE[:PROCESSES][@HOST:PORT]",
            help="Who trains a network: single, mirrored (processes of this machine), multi_worker (several machines, "
            "each with this command).",
            show_default=False,
        ),
    ] = None
    nodes: Annotated[
        str | None,
        typer.Option("--nodes", metavar="N|MIN:MAX", help="Machines of multi_worker.", show_default=False),
    ] = None
    device: Annotated[
        str | None,
        typer.Option("--device", metavar="DEVICE", help="Where: auto, cpu, cuda.", show_default=False),
    ] = None
    stratify: Annotated[
        bool, typer.Option("--stratify", metavar=FLAG, help="Give each class the same share of every part.")
    ] = False
    downsample: Annotated[
        float | None,
        typer.Option(
            "--downsample", metavar="RATE", help="Train on this share of the most frequent class.", show_default=False
        ),
    ] = None
    auto_class_weights: Annotated[
        bool,
        typer.Option("--auto-class-weights", metavar=FLAG, help="Let rare classes count as much as frequent ones."),
    ] = False
    weight_column: Annotated[
        str | None,
        typer.Option("--weight-column", metavar="COLUMN", help="What each row counts.", show_default=False),
    ] = None
    warm_start: Annotated[
        str | None,
        typer.Option(
            "--warm-start",
            metavar="MODEL",
            help="Begin with an earlier model: a name (late), name and version (late@3), a bundle, a run's checkpoint.",
            autocompletion=complete_model,
            show_default=False,
        ),
    ] = None
    tensorboard: Annotated[
        Path | None,
        typer.Option(
            "--tensorboard",
            metavar="FOLDER",
            help="Write TensorBoard's event files there.",
            rich_help_panel=PANEL_OUTPUT,
        ),
    ] = None
    defaults: DefaultsOption = None
    memory_limit: MemoryOption = None
    table: TableOption = None
    workspace: WorkspaceOption = None
    json: JsonOption = False
