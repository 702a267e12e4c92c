"""`hagane launch`: a training program of one's own, as a job of several replicas."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hagane.fronts.cli.console import Output
from hagane.fronts.cli.launch_arguments import LaunchArguments
from hagane.fronts.cli.options import pairs
from hagane.fronts.cli.taking import taking

if TYPE_CHECKING:
    from hagane.jobs.declaration import Declaration
    from hagane.jobs.job import Job
    from hagane.jobs.launch_options import LaunchOptions

INTERRUPTED = 130
"""128 + SIGINT."""


@taking(LaunchArguments)
def launch(asked: LaunchArguments) -> None:
    """Run a training program of your own as chief, workers, parameter servers and evaluators.

    Each replica finds TF_CONFIG, CLUSTER_SPEC and torchrun's variables. What follows PROGRAM is the program's.

    [dim]Examples:[/dim]
      hagane launch --workers 1 train.py --epochs 3
      hagane launch --workers 2 --parameter-servers 1 --package-path trainer trainer.task
      hagane launch job.yaml
    """
    job = _job(asked.program, tuple(asked.arguments or ()), _declaration(asked))
    _run(job, _options(asked), asked.workspace, Output(json=asked.json))


def _declaration(asked: LaunchArguments) -> Declaration:
    from hagane.jobs.declaration import Declaration

    return Declaration(
        workers=asked.workers,
        parameter_servers=asked.parameter_servers,
        evaluators=asked.evaluators,
        primary="master" if asked.master else "chief",
        name=asked.name,
        package_path=None if asked.package_path is None else str(asked.package_path),
        job_dir=asked.job_dir,
        base_output_directory=asked.base_output_directory,
        python=asked.python,
        is_executable=asked.no_python,
        env=pairs(asked.env, "--env"),
    )


def _options(asked: LaunchArguments) -> LaunchOptions:
    from hagane.jobs.launch_options import LaunchOptions

    return LaunchOptions(
        grace_seconds=asked.grace_seconds,
        finish_seconds=asked.finish_seconds,
        max_restarts=asked.max_restarts,
        threads_per_replica=asked.threads_per_replica,
        gpus_per_replica=asked.gpus_per_replica,
        start_port=asked.start_port,
        nodes=tuple(filter(None, asked.nodes.split(","))),
        node_rank=asked.node_rank,
    )


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
