"""`launch`: run a job of the user's own program, its logs kept in the workspace."""

from __future__ import annotations

import os

from hagane.errors import Fault, ReplicaError
from hagane.jobs.events import OnEvent
from hagane.jobs.job import Job
from hagane.jobs.job_result import JobResult
from hagane.jobs.launch_options import LaunchOptions
from hagane.jobs.run_job import run_job
from hagane.workspace.workspace import Workspace


def launch(job: Job, *, workspace: Workspace, options: LaunchOptions, on_event: OnEvent) -> JobResult:
    """Run the job until it is over, and say how it ended: a replica that fails is a result.

    Raises SpecError for what cannot be run, TrainingError where a replica cannot be started or a port is taken.
    """
    return run_job(job, workspace.jobs(), options, environment=os.environ, on_event=on_event)


def replica_error(result: JobResult) -> ReplicaError:
    """The failure of a job as an error: which replica, how, its last lines, where its log is."""
    failed = next((replica for replica in result.replicas if replica.name == result.failed), None)
    if failed is None:
        what = f"the job has failed: {result.failed}"
        return ReplicaError(
            Fault(what=what, next_step="look at the launcher of that machine"), exit_code=result.exit_code
        )
    last = "".join(f"\n    {line}" for line in failed.last_lines)
    fault = Fault(
        what=f"{failed.name} failed after {failed.seconds:.1f} s: {failed.how}",
        where=str(failed.log),
        received=f"its last lines{last}" if last else "it wrote nothing",
        next_step=_advice(failed.signal),
    )
    return ReplicaError(fault, exit_code=result.exit_code)


def _advice(signal_name: str | None) -> str:
    if signal_name == "SIGKILL":
        return "nobody here killed it: the system may have, for want of memory (dmesg); fewer replicas need less"
    return ""
