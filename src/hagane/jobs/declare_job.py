"""`declare_job`: the job of one program that every replica runs."""

from __future__ import annotations

from collections.abc import Sequence

from hagane.jobs.declaration import Declaration
from hagane.jobs.job import Job, WorkerPool
from hagane.jobs.program import program_command, program_name
from hagane.jobs.python_packages import package_root


def declare_job(program: str, arguments: Sequence[str] = (), declaration: Declaration | None = None) -> Job:
    """One primary replica and as many others as are declared, as `gcloud ai-platform local train` runs them.

    Raises NotFoundError where there is no such program.

    >>> job = declare_job("trainer.task", ["--epochs", "2"], Declaration(workers=2, job_dir="out"))
    >>> [pool.replica_count for pool in job.worker_pools], job.worker_pools[0].command[-4:]
    ([1, 2, 0, 0], ('--epochs', '2', '--job-dir', 'out'))
    """
    asked = declaration or Declaration()
    passed = (*arguments, *(("--job-dir", asked.job_dir) if asked.job_dir else ()))
    command = program_command(program, passed, python=asked.python, is_executable=asked.is_executable)
    packages = () if asked.package_path is None else (package_root(asked.package_path, program),)
    counts = (1, asked.workers, asked.parameter_servers, asked.evaluators)
    output = asked.base_output_directory or asked.job_dir
    return Job(
        name=asked.name or program_name(program),
        worker_pools=tuple(
            WorkerPool(replica_count=count, command=command, env=asked.env, packages=packages) for count in counts
        ),
        primary=asked.primary,
        training_input=_training_input(program, passed, counts, asked.job_dir),
        custom_job_spec=_custom_job_spec(program, passed, counts, output),
        base_output_directory=output,
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
