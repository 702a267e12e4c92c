"""`declare_job`: the job of one program that every replica runs, as the command line and Python declare it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hagane.launch.job import Job, Primary, WorkerPool
from hagane.launch.program import program_command, program_name
from hagane.launch.python_packages import package_root


def declare_job(
    program: str,
    arguments: Sequence[str] = (),
    *,
    workers: int = 0,
    parameter_servers: int = 0,
    evaluators: int = 0,
    primary: Primary = "chief",
    name: str | None = None,
    package_path: str | Path | None = None,
    job_dir: str = "",
    base_output_directory: str = "",
    python: str | None = None,
    is_executable: bool = False,
    env: Mapping[str, str] | None = None,
) -> Job:
    """One primary replica, and as many of the others as are asked for, as `gcloud ai-platform local train` runs them.

    `job_dir` is handed to the program as `--job-dir`, and is where AIP_MODEL_DIR and its like lie, unless
    `base_output_directory` says so. Raises NotFoundError where there is no such program.

    >>> job = declare_job("trainer.task", ["--epochs", "2"], workers=2, job_dir="out")
    >>> [pool.replica_count for pool in job.worker_pools], job.worker_pools[0].command[-4:]
    ([1, 2, 0, 0], ('--epochs', '2', '--job-dir', 'out'))
    """
    passed = (*arguments, *(("--job-dir", job_dir) if job_dir else ()))
    command = program_command(program, passed, python=python, is_executable=is_executable)
    packages = () if package_path is None else (package_root(package_path, program),)
    variables = {key: str(value) for key, value in (env or {}).items()}
    counts = (1, workers, parameter_servers, evaluators)
    pools = tuple(
        WorkerPool(replica_count=count, command=command if count else (), env=variables, packages=packages)
        for count in counts
    )
    return Job(
        name=name or program_name(program),
        worker_pools=pools,
        primary=primary,
        training_input=_training_input(program, passed, counts, job_dir),
        custom_job_spec=_custom_job_spec(program, passed, counts, base_output_directory or job_dir),
        base_output_directory=base_output_directory or job_dir,
    )


def _training_input(program: str, arguments: Sequence[str], counts: Sequence[int], job_dir: str) -> dict[str, object]:
    """The two keys that gcloud's local mode writes, then those of the API's TrainingInput.

    https://cloud.google.com/ai-platform/training/docs/reference/rest/v1/projects.jobs#TrainingInput
    """
    declared: dict[str, object] = {
        "job_name": program,
        "args": list(arguments),
        "python_module": program,
        "worker_count": counts[1],
        "parameter_server_count": counts[2],
        "evaluator_count": counts[3],
    }
    if job_dir:
        declared["job_dir"] = job_dir
    return declared


def _custom_job_spec(program: str, arguments: Sequence[str], counts: Sequence[int], output: str) -> dict[str, object]:
    """https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec."""
    task = {"python_module": program, "args": list(arguments)}
    pools = [{"replica_count": count, "python_package_spec": task} if count else {} for count in counts]
    while not pools[-1]:
        pools.pop()
    place: dict[str, object] = {"base_output_directory": {"output_uri_prefix": output}} if output else {}
    return {"worker_pool_specs": pools, **place}
