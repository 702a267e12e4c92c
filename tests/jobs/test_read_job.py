"""A Vertex AI CustomJob as a file."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from hagane.errors import SpecError
from hagane.jobs.read_job import parse_job, read_job

SNAKE = """
display_name: census
worker_pool_specs:
  - machine_spec: {machine_type: n1-standard-4}
    replica_count: 1
    python_package_spec:
      executor_image_uri: us-docker.pkg.dev/vertex-ai/training/tf-cpu.2-14.py310:latest
      python_module: trainer.task
      args: [--steps, 100]
      env: [{name: MODE, value: fast}]
  - replica_count: 2
    container_spec: {image_uri: eu.gcr.io/a/b, command: [python, worker.py], args: [--lr=0.1]}
  - {}
  - container_spec: {command: [./evaluate.sh]}
base_output_directory: {output_uri_prefix: gs://bucket/census}
"""
REST = {
    "displayName": "census",
    "jobSpec": {
        "workerPoolSpecs": [
            {
                "machineSpec": {"machineType": "n1-standard-4"},
                "replicaCount": 1,
                "pythonPackageSpec": {
                    "executorImageUri": "us-docker.pkg.dev/vertex-ai/training/tf-cpu.2-14.py310:latest",
                    "pythonModule": "trainer.task",
                    "args": ["--steps", "100"],
                    "env": [{"name": "MODE", "value": "fast"}],
                },
            },
            {
                "replicaCount": 2,
                "containerSpec": {
                    "imageUri": "eu.gcr.io/a/b",
                    "command": ["python", "worker.py"],
                    "args": ["--lr=0.1"],
                },
            },
            {},
            {"containerSpec": {"command": ["./evaluate.sh"]}},
        ],
        "baseOutputDirectory": {"outputUriPrefix": "gs://bucket/census"},
    },
}


@pytest.mark.parametrize("text", [SNAKE, json.dumps(REST)])
def test_both_spellings_declare_the_same_job(text):
    job, ignored = parse_job(text, python="py")
    assert job.name == "census"
    assert [(pool.replica_count, pool.command) for pool in job.worker_pools] == [
        (1, ("py", "-m", "trainer.task", "--steps", "100")),
        (2, ("python", "worker.py", "--lr=0.1")),
        (0, ()),
        (1, ("./evaluate.sh",)),
    ]
    assert job.worker_pools[0].env == {"MODE": "fast"}
    assert job.base_output_directory == "gs://bucket/census"
    assert [place.rpartition("worker_pool_specs")[2] for place in ignored] == [
        "[0].machine_spec",
        "[0].python_package_spec.executor_image_uri",
        "[1].container_spec.image_uri",
    ]
    assert job.custom_job_spec["worker_pool_specs"][1]["container_spec"]["command"] == ["python", "worker.py"]
    assert job.training_input["worker_count"] == 2


def test_every_fault_is_told_with_its_line():
    text = """
worker_pool_specs:
  - replica_count: one
    python_package_spec: {python_modul: trainer.task}
  - container_spec: {args: [a]}
    python_package_spec: {python_module: a, package_uris: [gs://b/a.tar.gz, no.whl]}
"""
    with pytest.raises(SpecError) as raised:
        parse_job(text)
    assert [(fault.where, fault.nearest) for fault in raised.value.faults] == [
        ("job.yaml:3", ""),
        ("job.yaml:4", "python_module"),
        ("job.yaml:4", ""),
    ]
    with pytest.raises(SpecError) as raised:
        parse_job(text.replace("one", "1").replace("modul:", "module:"))
    assert [fault.what for fault in raised.value.faults] == [
        "a worker pool runs one thing",
        "the image is not run here, so that the command must be given",
        "gs://b/a.tar.gz is not on this machine",
        "no package at no.whl",
    ]
    assert all(fault.where.startswith("job.yaml:") for fault in raised.value.faults)


TASK = "import os, sys\nprint('package', __name__, *sys.argv[1:])\n"


def make_wheel(folder: Path) -> Path:
    path = folder / "trainer-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("trainer/__init__.py", "")
        wheel.writestr("trainer/task.py", TASK)
    return path


def make_source_distribution(folder: Path) -> Path:
    source = folder / "made" / "trainer-1.0" / "trainer"
    source.mkdir(parents=True)
    (source / "__init__.py").touch()
    (source / "task.py").write_text(TASK)
    path = folder / "trainer-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(source.parent, "trainer-1.0")
    return path


def make_folder(folder: Path) -> Path:
    return make_source_distribution(folder).parent / "made" / "trainer-1.0"


@pytest.mark.parametrize("make", [make_wheel, make_source_distribution, make_folder])
def test_a_package_is_run_from_where_it_lies(run, tmp_path, make):
    file = tmp_path / "job.yaml"
    file.write_text(
        "worker_pool_specs:\n  - python_package_spec:\n"
        f"      {{python_module: trainer.task, package_uris: ['{make(tmp_path)}'], args: [--epochs=2]}}\n"
    )
    job, _ = read_job(file)
    ran = run(job)
    assert ran.lines == [("chief-0", "package __main__ --epochs=2")]
    assert ran.result.name == "job"


def test_a_damaged_package_is_told(run, tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(b"no archive")
    job, _ = parse_job(
        "worker_pool_specs: [{python_package_spec: {python_module: a, package_uris: [%s]}}]" % (tmp_path / "a.tar.gz")
    )
    with pytest.raises(Exception, match="cannot be unpacked"):
        run(job)
