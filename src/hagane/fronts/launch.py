"""`launch`: a job declared in Python, or in a file, run to its end."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import msgspec

from hagane.errors import Fault, SpecError, nearest
from hagane.jobs.declaration import Declaration
from hagane.jobs.declare_job import declare_job
from hagane.jobs.events import Event, Line, OnEvent
from hagane.jobs.job import Job
from hagane.jobs.job_result import JobResult
from hagane.jobs.launch_options import LaunchOptions
from hagane.jobs.line_reader import without_colours
from hagane.jobs.read_job import is_job_file, read_job
from hagane.spec.decode_python import decode_python
from hagane.workflow.launch import launch as run_job
from hagane.workflow.launch import replica_error
from hagane.workspace.workspace import Workspace


def launch(
    program: str,
    arguments: tuple[str, ...],
    declared: Mapping[str, Any],
    *,
    workspace: Workspace,
    on_event: OnEvent | None,
) -> JobResult:
    """Run the job; see `hagane.launch`."""
    declaration, options = _decoded(declared)
    job = _job(program, arguments, declaration)
    result = run_job(job, workspace=workspace, options=options, on_event=on_event or print_lines)
    if result.state == "failed":
        raise replica_error(result)
    if result.state == "interrupted" and result.signal is not None:
        os.kill(os.getpid(), signal.Signals[result.signal])  # what the caller had for it takes its course
    return result


def print_lines(event: Event) -> None:
    """Print the lines of the replicas, each after its replica's name."""
    if isinstance(event, Line):
        sys.stdout.write(f"{event.replica} | {without_colours(event.text)}\n")
        sys.stdout.flush()


def _decoded(declared: Mapping[str, Any]) -> tuple[Declaration, LaunchOptions]:
    """Both parts of what was declared. Raises SpecError with every fault."""
    plain = {name: str(value) if isinstance(value, PurePath) else value for name, value in declared.items()}
    kinds = (Declaration, LaunchOptions)
    names = [{field.name for field in msgspec.structs.fields(kind)} for kind in kinds]
    known = names[0] | names[1]
    unknown = [name for name in plain if name not in known]
    faults = [Fault(what=f"launch has no option '{name}'", nearest=nearest(name, known)) for name in unknown]
    found = []
    for kind, its_names in zip(kinds, names, strict=True):
        try:
            found.append(decode_python({name: plain[name] for name in plain if name in its_names}, kind, subject="job"))
        except SpecError as error:
            faults += error.faults
    if faults:
        raise SpecError(*faults)
    return found[0], found[1]


def _job(program: str, arguments: tuple[str, ...], declaration: Declaration) -> Job:
    if not is_job_file(program) or declaration.is_executable:
        return declare_job(program, arguments, declaration)
    if arguments or msgspec.structs.replace(declaration, python=None) != Declaration():
        what = f"arguments and replicas go with a program, not with {program}"
        raise SpecError(Fault(what=what, next_step="write them into that file"))
    job, ignored = read_job(program, python=declaration.python)
    for place in ignored:
        warnings.warn(f"{place} is ignored: replicas run on this machine", stacklevel=4)
    return job
