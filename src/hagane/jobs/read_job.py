"""`read_job`: a YAML or JSON file with a Vertex AI CustomJob → `Job`, every fault at once, each with its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from hagane.errors import Fault, SpecError
from hagane.jobs.custom_job_spec import ContainerSpec, CustomJob, CustomJobSpec, PythonPackageSpec, WorkerPoolSpec
from hagane.jobs.job import Job, WorkerPool
from hagane.jobs.program import module_command
from hagane.jobs.python_packages import check_package
from hagane.spec.check import located
from hagane.spec.decode import FAILED, Decoder, type_of
from hagane.spec.read_yaml import in_order, read_text
from hagane.spec.yaml_node import Entry, Mapping, Node, Scalar, Sequence, parse_yaml

SUFFIXES = (".yaml", ".yml", ".json")
IGNORED = {
    *("machine_spec", "disk_spec", "nfs_mounts", "lustre_mounts", "image_uri", "executor_image_uri"),
    *("scheduling", "service_account", "network", "reserved_ip_ranges", "psc_interface_config", "tensorboard"),
    *("persistent_resource_id", "protected_artifact_location_id", "enable_web_access", "enable_dashboard_access"),
    *("experiment", "experiment_run", "models", "labels", "encryption_spec"),
}
"""What is of the cloud alone."""


def is_job_file(name: str) -> bool:
    """Whether it is a file of this kind rather than a program, by its name."""
    return Path(name).suffix in SUFFIXES


def read_job(path: Path | str, *, python: str | None = None) -> tuple[Job, list[str]]:
    """The job in the file at `path`, and what of it is ignored here. Raises NotFoundError, DataError or SpecError."""
    written_by = "the page docs/launch.md as a model"
    return parse_job(read_text(Path(path), written_by=written_by, thing="job"), path=str(path), python=python)


def parse_job(text: str, *, path: str = "job.yaml", python: str | None = None) -> tuple[Job, list[str]]:
    """The job that `text` declares: a CustomJobSpec, or a CustomJob around one. Keys may be in camelCase.

    >>> job, ignored = parse_job("workerPoolSpecs: [{machineSpec: {machineType: n1-standard-4}, replicaCount: 1,"
    ...                          "pythonPackageSpec: {pythonModule: trainer.task, args: [--epochs=2]}}]", python="py")
    >>> job.worker_pools[0].command, ignored
    (('py', '-m', 'trainer.task', '--epochs=2'), ['worker_pool_specs[0].machine_spec'])
    """
    faults: list[Fault] = []
    node = _snake(parse_yaml(text, path=path, faults=faults))
    is_resource = isinstance(node, Mapping) and any(entry.key.text == "job_spec" for entry in node.entries)
    decoder = Decoder(path, faults, subject="job")
    declared = decoder.decode(node, type_of(CustomJob if is_resource else CustomJobSpec), "")
    if declared is FAILED:
        raise SpecError(*in_order(faults, path))
    spec, prefix = (declared.job_spec, "job_spec.") if is_resource else (declared, "")
    faults += [located(fault, decoder.lines, path) for fault in _faults(spec, prefix)]
    if faults:
        raise SpecError(*in_order(faults, path))
    name = declared.display_name or spec.display_name or Path(path).stem
    ignored = _ignored(declared, "") + (_ignored(spec, prefix) if is_resource else [])
    return _job(spec, name, python), ignored


def _snake(node: Node) -> Node:
    """The tree with keys as the API's Python names have them: `replicaCount` as `replica_count`."""
    match node:
        case Mapping(entries, line):
            return Mapping(tuple(Entry(_snake_key(entry.key), _snake(entry.value)) for entry in entries), line)
        case Sequence(items, line):
            return Sequence(tuple(_snake(item) for item in items), line)
    return node


def _snake_key(key: Scalar) -> Scalar:
    return Scalar(re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", key.text).lower(), key.plain, key.line)


def _faults(spec: CustomJobSpec, prefix: str) -> list[Fault]:
    """What cannot be run; how many replicas there may be is checked with the options."""
    faults = []
    for number, pool in enumerate(spec.worker_pool_specs):
        at = f"{prefix}worker_pool_specs[{number}]"
        if pool.python_package_spec and pool.container_spec:
            step = "keep python_package_spec or container_spec"
            faults.append(Fault(what="a worker pool runs one thing", where=at, next_step=step))
        if pool.container_spec and not pool.container_spec.command:
            what = "the image is not run here, so that the command must be given"
            faults.append(Fault(what=what, where=f"{at}.container_spec", next_step="add 'command: [python, train.py]'"))
        for index, package in enumerate(pool.python_package_spec.package_uris if pool.python_package_spec else ()):
            fault = check_package(package, f"{at}.python_package_spec.package_uris[{index}]")
            faults += [fault] if fault else []
    return faults


def _ignored(declared: msgspec.Struct, at: str) -> list[str]:
    """The places of what is given and has no effect here."""
    found = []
    for field in msgspec.structs.fields(declared):
        value = getattr(declared, field.name)
        if field.name in IGNORED and value is not None:
            found.append(f"{at}{field.name}")
    for number, pool in enumerate(declared.worker_pool_specs if isinstance(declared, CustomJobSpec) else ()):
        place = f"{at}worker_pool_specs[{number}]."
        found += _ignored(pool, place)
        if pool.python_package_spec:
            found += _ignored(pool.python_package_spec, f"{place}python_package_spec.")
        if pool.container_spec:
            found += _ignored(pool.container_spec, f"{place}container_spec.")
    return found


def _job(spec: CustomJobSpec, name: str, python: str | None) -> Job:
    pools = tuple(_pool(pool, python) for pool in spec.worker_pool_specs)
    output = spec.base_output_directory
    return Job(
        name=name,
        worker_pools=pools,
        training_input=_training_input(spec, pools),
        custom_job_spec=_given(msgspec.to_builtins(spec)),
        base_output_directory=output.output_uri_prefix if output else "",
    )


def _pool(pool: WorkerPoolSpec, python: str | None) -> WorkerPool:
    task: PythonPackageSpec | ContainerSpec | None = pool.python_package_spec or pool.container_spec
    if task is None:
        return WorkerPool(replica_count=pool.replica_count or 0)
    if isinstance(task, PythonPackageSpec):
        command, packages = module_command(task.python_module, task.args, python=python), task.package_uris
    else:
        command, packages = (*task.command, *task.args), ()
    return WorkerPool(
        replica_count=1 if pool.replica_count is None else pool.replica_count,
        command=command,
        env={each.name: each.value for each in task.env},
        packages=packages,
    )


def _training_input(spec: CustomJobSpec, pools: tuple[WorkerPool, ...]) -> dict[str, Any]:
    """The job in the words of Cloud ML Engine, for TF_CONFIG."""
    first = spec.worker_pool_specs[0] if spec.worker_pool_specs else WorkerPoolSpec()
    task = first.python_package_spec
    names = ("worker_count", "parameter_server_count", "evaluator_count")
    counts = {name: pool.replica_count for name, pool in zip(names, pools[1:], strict=False)}
    return ({"python_module": task.python_module, "args": list(task.args)} if task else {}) | counts


def _given(value: Any) -> Any:
    """The value without what was left out."""
    if isinstance(value, dict):
        return {key: _given(each) for key, each in value.items() if each not in (None, "", [], ())}
    return [_given(each) for each in value] if isinstance(value, list | tuple) else value
