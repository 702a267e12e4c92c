"""`TuneArguments`: what `hagane tune` can be told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from hagane.fronts.cli.options import FLAG, PANEL_OUTPUT, EventsOption
from hagane.fronts.cli.spec_arguments import SpecArguments

PANEL_SEARCH = "Search"
PANEL_STUDIES = "Studies"


def complete_study(incomplete: str) -> Iterator[str]:
    """Names of the workspace's studies that begin with what was typed."""
    from hagane.workspace.workspace import Workspace

    names = sorted(path.stem for path in Workspace().studies_folder.glob("*.sqlite"))
    yield from (name for name in names if name.lower().startswith(incomplete.lower()))


@dataclass(frozen=True, kw_only=True)
class TuneArguments(SpecArguments):
    """A field for each argument and option; None: the spec's own."""

    source: Annotated[
        list[str],
        typer.Argument(metavar="[SPEC|DATA]", help="A spec (.yaml), or files or SQL with --label.", show_default=False),
    ] = field(default_factory=list)
    num_trials: Annotated[
        int | None,
        typer.Option(
            "--num-trials", metavar="N", help="Trials in all.", rich_help_panel=PANEL_SEARCH, show_default=False
        ),
    ] = None
    max_parallel_trials: Annotated[
        int | None,
        typer.Option(
            "--max-parallel-trials",
            metavar="N",
            help="How many run at once, each on its share of the cores.",
            rich_help_panel=PANEL_SEARCH,
            show_default=False,
        ),
    ] = None
    algorithm: Annotated[
        str | None,
        typer.Option(
            "--algorithm",
            metavar="NAME",
            help="How values are chosen: tpe, random, grid, cma_es, gaussian_process.",
            rich_help_panel=PANEL_SEARCH,
            show_default=False,
        ),
    ] = None
    objective: Annotated[
        list[str] | None,
        typer.Option(
            "--objective",
            metavar="METRIC",
            help="What a trial is worth: a metric of the eval rows, or model_bytes; again for a Pareto front.",
            rich_help_panel=PANEL_SEARCH,
            show_default=False,
        ),
    ] = None
    stopping: Annotated[
        str | None,
        typer.Option(
            "--stopping",
            metavar="METHOD",
            help="Which trials are ended early: successive_halving, median, none.",
            rich_help_panel=PANEL_SEARCH,
            show_default=False,
        ),
    ] = None
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget",
            metavar="TIME",
            help="End the search after it: 10m, 1h30m, 45s.",
            rich_help_panel=PANEL_SEARCH,
            show_default=False,
        ),
    ] = None
    folds: Annotated[
        int | None,
        typer.Option(
            "--folds",
            metavar="K",
            help="Judge a trial by its mean over so many folds of train and eval rows.",
            rich_help_panel=PANEL_SEARCH,
            show_default=False,
        ),
    ] = None
    retrain: Annotated[
        bool,
        typer.Option(
            "--retrain",
            metavar=FLAG,
            help="Train the winner again, on train and eval rows together.",
            rich_help_panel=PANEL_SEARCH,
        ),
    ] = False
    select_features: Annotated[
        bool,
        typer.Option(
            "--select-features",
            metavar=FLAG,
            help="Leave out of the winner the features that help no more than noise.",
            rich_help_panel=PANEL_SEARCH,
        ),
    ] = False
    nested_folds: Annotated[
        int | None,
        typer.Option(
            "--nested-folds",
            metavar="K",
            help="Repeat the whole search without each of so many parts of the rows, to say what it is worth.",
            rich_help_panel=PANEL_SEARCH,
            show_default=False,
        ),
    ] = None
    study: Annotated[
        str | None,
        typer.Option(
            "--study",
            metavar="NAME",
            help="What the study is called; without it, as the model.",
            rich_help_panel=PANEL_SEARCH,
            autocompletion=complete_study,
            show_default=False,
        ),
    ] = None
    storage: Annotated[
        str | None,
        typer.Option(
            "--storage",
            metavar="URL",
            help="A PostgreSQL database that several machines share; without it, a file in the workspace.",
            rich_help_panel=PANEL_SEARCH,
            show_default=False,
        ),
    ] = None
    list_: Annotated[
        bool, typer.Option("--list", metavar=FLAG, help="List the studies.", rich_help_panel=PANEL_STUDIES)
    ] = False
    show: Annotated[
        str | None,
        typer.Option(
            "--show",
            metavar="STUDY",
            help="Show a study: its space, its trials, what mattered.",
            rich_help_panel=PANEL_STUDIES,
            autocompletion=complete_study,
            show_default=False,
        ),
    ] = None
    best: Annotated[
        str | None,
        typer.Option(
            "--best",
            metavar="STUDY",
            help="Print the settled spec of the best trial, as YAML that hagane train takes.",
            rich_help_panel=PANEL_STUDIES,
            autocompletion=complete_study,
            show_default=False,
        ),
    ] = None
    train: Annotated[
        str | None,
        typer.Option(
            "--train",
            metavar="STUDY",
            help="Train and register the model of the best trial.",
            rich_help_panel=PANEL_STUDIES,
            autocompletion=complete_study,
            show_default=False,
        ),
    ] = None
    trial: Annotated[
        int | None,
        typer.Option(
            "--trial",
            metavar="N",
            help="With --best or --train: another trial than the best.",
            rich_help_panel=PANEL_STUDIES,
            show_default=False,
        ),
    ] = None
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Write the study as one HTML page; with --show, too.",
            rich_help_panel=PANEL_OUTPUT,
        ),
    ] = None
    events: EventsOption = None
