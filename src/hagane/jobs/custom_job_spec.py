"""Vertex AI's CustomJob as a file declares it, by the names of its API.

https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec. What is of the cloud alone (machines, disks,
networks, accounts) is taken and ignored, with a notice.
"""

from __future__ import annotations

from typing import Any

import msgspec


class EnvVar(msgspec.Struct, frozen=True, kw_only=True):
    """A variable of a replica's environment."""

    name: str
    value: str = ""


class PythonPackageSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A Python module, and the packages that it is in."""

    python_module: str
    package_uris: tuple[str, ...] = ()
    """Folders, wheels or source distributions of this machine."""
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    executor_image_uri: Any = None


class ContainerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A command; its image is not run."""

    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    image_uri: Any = None


class WorkerPoolSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Replicas that run the same."""

    replica_count: int | None = None
    """1 where there is something to run."""
    python_package_spec: PythonPackageSpec | None = None
    container_spec: ContainerSpec | None = None
    machine_spec: Any = None
    disk_spec: Any = None
    nfs_mounts: Any = None
    lustre_mounts: Any = None


class OutputDirectory(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of this machine, or a URL that the program can write to."""

    output_uri_prefix: str


class CustomJobSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The job: by their order the worker pools are primary replica, workers, parameter servers, evaluators."""

    worker_pool_specs: tuple[WorkerPoolSpec, ...]
    base_output_directory: OutputDirectory | None = None
    display_name: str = ""
    scheduling: Any = None
    service_account: Any = None
    network: Any = None
    reserved_ip_ranges: Any = None
    psc_interface_config: Any = None
    persistent_resource_id: Any = None
    protected_artifact_location_id: Any = None
    tensorboard: Any = None
    enable_web_access: Any = None
    enable_dashboard_access: Any = None
    experiment: Any = None
    experiment_run: Any = None
    models: Any = None


class CustomJob(msgspec.Struct, frozen=True, kw_only=True):
    """The resource around it, as the API takes it."""

    job_spec: CustomJobSpec
    display_name: str = ""
    labels: Any = None
    encryption_spec: Any = None
