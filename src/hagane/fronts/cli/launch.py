"""`hagane launch`: a training program of one's own, as a job of several replicas."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.options import FLAG, PANEL_OUTPUT, WorkspaceOption, pairs

if TYPE_CHECKING:
    from hagane.jobs.declaration import Declaration
    from hagane.jobs.job import Job
    from hagane.jobs.launch_options import LaunchOptions

INTERRUPTED = 130
"""128 + SIGINT."""
PANEL_JOB = "What runs"
PANEL_RUN = "How it runs"
PANEL_NODES = "Several machines"


def launch(
    program: Annotated[
        str,
        typer.Argument(
            metavar="PROGRAM",
            help="A script (train.py), a module (trainer.task), or a Vertex AI CustomJob (job.yaml).",
            show_default=False,
        ),
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="ARGS", help="What the program is given; -- may stand before it.", show_default=False),
    ] = None,
    *,
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
    ] = 0,
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
    ] = 0,
    evaluators: Annotated[
        int,
        typer.Option(
            "--evaluators", "--evaluator-count", metavar="N", min=0, help="Evaluators.", rich_help_panel=PANEL_JOB
        ),
    ] = 0,
    master: Annotated[
        bool,
        typer.Option(
            "--master/--chief",
            help="What TF_CONFIG calls the primary replica: master as TensorFlow 1 does, chief as 2.",
            show_default="chief",
            rich_help_panel=PANEL_JOB,
        ),
    ] = False,
    package_path: Annotated[
        Path | None,
        typer.Option(
            "--package-path",
            metavar="FOLDER",
            help="The folder of the package that the module is in.",
            show_default=False,
            rich_help_panel=PANEL_JOB,
        ),
    ] = None,
    job_dir: Annotated[
        str,
        typer.Option(
            "--job-dir",
            metavar="FOLDER",
            help="Where outputs go; the program is given it as --job-dir, too.",
            show_default=False,
            rich_help_panel=PANEL_JOB,
        ),
    ] = "",
    base_output_directory: Annotated[
        str,
        typer.Option(
            "--base-output-directory",
            metavar="FOLDER",
            help="Where AIP_MODEL_DIR and its like lie.",
            show_default="in the job's folder",
            rich_help_panel=PANEL_JOB,
        ),
    ] = "",
    python: Annotated[
        str | None,
        typer.Option(
            "--python",
            metavar="PATH",
            help="The interpreter of the program.",
            show_default="this one",
            rich_help_panel=PANEL_JOB,
        ),
    ] = None,
    no_python: Annotated[
        bool,
        typer.Option("--no-python", metavar=FLAG, help="PROGRAM is a command of its own.", rich_help_panel=PANEL_JOB),
    ] = False,
    env: Annotated[
        list[str] | None,
        typer.Option(
            "--env",
            metavar="NAME=VALUE",
            help="A variable of every replica.",
            show_default=False,
            rich_help_panel=PANEL_JOB,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", "-n", help="What to call the job.", show_default=False, rich_help_panel=PANEL_JOB),
    ] = None,
    threads_per_replica: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="OMP_NUM_THREADS of each.",
            show_default="cores / replicas",
            rich_help_panel=PANEL_RUN,
        ),
    ] = None,
    gpus_per_replica: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="GPUs that each sees; 0 for all of them.",
            show_default="divided evenly",
            rich_help_panel=PANEL_RUN,
        ),
    ] = None,
    max_restarts: Annotated[
        int,
        typer.Option(
            metavar="N", help="How often all replicas start anew after one has failed.", rich_help_panel=PANEL_RUN
        ),
    ] = 0,
    grace_seconds: Annotated[
        float,
        typer.Option(metavar="S", help="From SIGTERM to SIGKILL where replicas are ended.", rich_help_panel=PANEL_RUN),
    ] = 30.0,
    finish_seconds: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            help="How long workers and evaluators may outlive the primary replica.",
            show_default="300; workers beside parameter servers 10",
            rich_help_panel=PANEL_RUN,
        ),
    ] = None,
    start_port: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="The first of the ports.", show_default="any", rich_help_panel=PANEL_RUN),
    ] = None,
    nodes: Annotated[
        str,
        typer.Option(
            metavar="HOST,HOST,…",
            help="Every machine of the job; a launcher is started on each.",
            show_default=False,
            rich_help_panel=PANEL_NODES,
        ),
    ] = "",
    node_rank: Annotated[
        int,
        typer.Option(metavar="R", help="Which of them this one is, from 0.", rich_help_panel=PANEL_NODES),
    ] = 0,
    workspace: WorkspaceOption = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json", metavar=FLAG, help="Print a line of JSON an event on stdout.", rich_help_panel=PANEL_OUTPUT
        ),
    ] = False,
) -> None:
    """Run a training program of your own as chief, workers, parameter servers and evaluators.

    Each replica finds TF_CONFIG, CLUSTER_SPEC and torchrun's variables. What follows PROGRAM is the program's.

    [dim]Examples:[/dim]
      hagane launch --workers 1 train.py --epochs 3
      hagane launch --workers 2 --parameter-servers 1 --package-path trainer trainer.task
      hagane launch job.yaml
    """
    from hagane.jobs.declaration import Declaration
    from hagane.jobs.launch_options import LaunchOptions

    declaration = Declaration(
        workers=workers,
        parameter_servers=parameter_servers,
        evaluators=evaluators,
        primary="master" if master else "chief",
        name=name,
        package_path=None if package_path is None else str(package_path),
        job_dir=job_dir,
        base_output_directory=base_output_directory,
        python=python,
        is_executable=no_python,
        env=pairs(env, "--env"),
    )
    options = LaunchOptions(
        grace_seconds=grace_seconds,
        finish_seconds=finish_seconds,
        max_restarts=max_restarts,
        threads_per_replica=threads_per_replica,
        gpus_per_replica=gpus_per_replica,
        start_port=start_port,
        nodes=tuple(filter(None, nodes.split(","))),
        node_rank=node_rank,
    )
    _run(_job(program, tuple(arguments or ()), declaration), options, workspace, Output(json=json))


def _job(program: str, arguments: tuple[str, ...], declaration: Declaration) -> tuple[Job, list[str]]:
    """The job, and what of its file is ignored here."""
    import msgspec

    from hagane.jobs.declaration import Declaration
    from hagane.jobs.declare_job import declare_job
    from hagane.jobs.read_job import is_job_file, read_job

    passed = arguments[1:] if arguments[:1] == ("--",) else arguments
    if not is_job_file(program) or declaration.is_executable:
        return declare_job(program, passed, declaration), []
    if passed or msgspec.structs.replace(declaration, python=None) != Declaration():
        what = "replicas, outputs and arguments go with a program"
        raise typer.BadParameter(f"{what}, not with {program}: write them into that file")
    return read_job(program, python=declaration.python)


def _run(declared: tuple[Job, list[str]], options: LaunchOptions, workspace: Path | None, output: Output) -> None:
    """Run it, show it, and exit as its replicas did."""
    from hagane.fronts.cli.launch_screen import JsonScreen, LaunchScreen, replica_names
    from hagane.jobs.events import note
    from hagane.workflow.launch import launch as work
    from hagane.workflow.launch import replica_error
    from hagane.workspace.workspace import Workspace

    job, ignored = declared
    screen = JsonScreen() if output.json else LaunchScreen(replica_names(job), output)
    for place in ignored:
        screen(note(f"{place} is ignored: replicas run on this machine"))
    result = work(job, workspace=Workspace(workspace), options=options, on_event=screen)
    if result.state == "failed" and not output.json:
        raise replica_error(result)
    if output.json and result.exit_code == INTERRUPTED:
        sys.exit(INTERRUPTED)  # without the document that tells of Ctrl-C: the last event has
    if result.exit_code:
        raise typer.Exit(result.exit_code)
