"""`LaunchArguments`: what `hagane launch` can be told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from hagane.fronts.cli.options import FLAG, PANEL_OUTPUT, WorkspaceOption

PANEL_JOB = "What runs"
PANEL_RUN = "How it runs"
PANEL_NODES = "Several machines"


@dataclass(frozen=True, kw_only=True)
class LaunchArguments:
    """A field for each argument and option."""

    program: Annotated[
        str,
        typer.Argument(
            metavar="PROGRAM",
            help="A script (train.py), a module (trainer.task), or a Vertex AI CustomJob (job.yaml).",
            show_default=False,
        ),
    ]
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="ARGS", help="What the program is given; -- may stand before it.", show_default=False),
    ] = None
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            "--worker-count",
            metavar="N",
            min=0,
            help="Workers beside the primary replica.",
            rich_help_panel=PANEL_JOB,
        ),
    ] = 0
    parameter_servers: Annotated[
        int,
        typer.Option(
            "--parameter-servers",
            "--parameter-server-count",
            metavar="N",
            min=0,
            help="Parameter servers.",
            rich_help_panel=PANEL_JOB,
        ),
    ] = 0
    evaluators: Annotated[
        int,
        typer.Option(
            "--evaluators", "--evaluator-count", metavar="N", min=0, help="Evaluators.", rich_help_panel=PANEL_JOB
        ),
    ] = 0
    master: Annotated[
        bool,
        typer.Option(
            "--master/--chief",
            help="What TF_CONFIG calls the primary replica: master as TensorFlow 1 does, chief as 2.",
            show_default="chief",
            rich_help_panel=PANEL_JOB,
        ),
    ] = False
    package_path: Annotated[
        Path | None,
        typer.Option(
            "--package-path",
            metavar="FOLDER",
            help="The folder of the package that the module is in.",
            show_default=False,
            rich_help_panel=PANEL_JOB,
        ),
    ] = None
    job_dir: Annotated[
        str,
        typer.Option(
            "--job-dir",
            metavar="FOLDER",
            help="Where outputs go; the program is given it as --job-dir, too.",
            show_default=False,
            rich_help_panel=PANEL_JOB,
        ),
    ] = ""
    base_output_directory: Annotated[
        str,
        typer.Option(
            "--base-output-directory",
            metavar="FOLDER",
            help="Where AIP_MODEL_DIR and its like lie.",
            show_default="in the job's folder",
            rich_help_panel=PANEL_JOB,
        ),
    ] = ""
    python: Annotated[
        str | None,
        typer.Option(
            "--python",
            metavar="PATH",
            help="The interpreter of the program.",
            show_default="this one",
            rich_help_panel=PANEL_JOB,
        ),
    ] = None
    no_python: Annotated[
        bool,
        typer.Option("--no-python", metavar=FLAG, help="PROGRAM is a command of its own.", rich_help_panel=PANEL_JOB),
    ] = False
    env: Annotated[
        list[str] | None,
        typer.Option(
            "--env",
            metavar="NAME=VALUE",
            help="A variable of every replica.",
            show_default=False,
            rich_help_panel=PANEL_JOB,
        ),
    ] = None
    name: Annotated[
        str | None,
        typer.Option("--name", "-n", help="What to call the job.", show_default=False, rich_help_panel=PANEL_JOB),
    ] = None
    threads_per_replica: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="OMP_NUM_THREADS of each.",
            show_default="cores / replicas",
            rich_help_panel=PANEL_RUN,
        ),
    ] = None
    gpus_per_replica: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="GPUs that each sees; 0 for all of them.",
            show_default="divided evenly",
            rich_help_panel=PANEL_RUN,
        ),
    ] = None
    max_restarts: Annotated[
        int,
        typer.Option(
            metavar="N", help="How often all replicas start anew after one has failed.", rich_help_panel=PANEL_RUN
        ),
    ] = 0
    grace_seconds: Annotated[
        float,
        typer.Option(metavar="S", help="From SIGTERM to SIGKILL where replicas are ended.", rich_help_panel=PANEL_RUN),
    ] = 30.0
    finish_seconds: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            help="How long workers and evaluators may outlive the primary replica.",
            show_default="300; workers beside parameter servers 10",
            rich_help_panel=PANEL_RUN,
        ),
    ] = None
    start_port: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="The first of the ports.", show_default="any", rich_help_panel=PANEL_RUN),
    ] = None
    nodes: Annotated[
        str,
        typer.Option(
            metavar="HOST,HOST,…",
            help="Every machine of the job; a launcher is started on each.",
            show_default=False,
            rich_help_panel=PANEL_NODES,
        ),
    ] = ""
    node_rank: Annotated[
        int | None,
        typer.Option(
            metavar="R",
            help="Which of them this one is, from 0; without it, $NODE_RANK or $SLURM_NODEID.",
            show_default=False,
            rich_help_panel=PANEL_NODES,
        ),
    ] = None
    workspace: WorkspaceOption = None
    json: Annotated[
        bool,
        typer.Option(
            "--json", metavar=FLAG, help="Print a line of JSON an event on stdout.", rich_help_panel=PANEL_OUTPUT
        ),
    ] = False
