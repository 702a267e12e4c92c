"""`JobFolder`: where a job keeps its logs, a record of what was run, and the outputs that have no other place."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from hagane.jobs.cluster import Cluster
from hagane.jobs.job import WorkerPool
from hagane.jobs.job_result import JobResult
from hagane.jobs.replica_environment import OUTPUT_FOLDERS
from hagane.write_aside import write_aside

RECORD = "job.json"
OUTPUT = "output"


class JobFolder:
    """A new folder in `parent`, named by the job and the time.

    >>> import tempfile
    >>> parent = Path(tempfile.mkdtemp())
    >>> JobFolder(parent, "train").path.name.startswith("train-2")
    True
    """

    def __init__(self, parent: Path, name: str) -> None:
        parent.mkdir(parents=True, exist_ok=True)
        safe = re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip(".-")[:100] or "job"
        stem = f"{safe}-{datetime.now().astimezone():%Y%m%d-%H%M%S}"
        self.path = _new_folder(parent, stem)

    @property
    def id(self) -> str:
        """What the job is called in CLOUD_ML_JOB_ID and TORCHELASTIC_RUN_ID."""
        return self.path.name

    @contextlib.contextmanager
    def outputs(self, base: str) -> Iterator[str]:
        """The base output directory, with its three folders where it is one of this machine.

        Without one given it is the job's own. What stayed empty is removed at the end, with a job that never ran.
        """
        if "://" in base:
            yield base
            return
        folder = Path(base).absolute() if base else self.path / OUTPUT
        places = [folder / name for name in OUTPUT_FOLDERS.values()]
        for place in places:
            place.mkdir(parents=True, exist_ok=True)
        try:
            yield str(folder)
        finally:
            for place in (self.path,) if base else (*places, folder, self.path):
                with contextlib.suppress(OSError):  # it holds something
                    place.rmdir()

    def write(self, cluster: Cluster, result: JobResult | None) -> None:
        """Write down what runs, and at the end how it ended, whole or not at all."""
        record: dict[str, Any] = {
            "name": cluster.job.name,
            "worker_pools": [_without_values(pool) for pool in cluster.job.worker_pools],
            "cluster": {replica.name: replica.address for replica in cluster.replicas},
            "master_port": cluster.master_port,
            "result": result,
        }
        text = msgspec.json.format(msgspec.json.encode(record, enc_hook=str), indent=2)
        with contextlib.suppress(OSError):  # a record is no reason to end a job
            write_aside(self.path / RECORD, text + b"\n")


def _without_values(pool: WorkerPool) -> dict[str, Any]:
    """The pool with the names of its variables: their values may be keys that open doors."""
    plain: dict[str, Any] = msgspec.to_builtins(pool)
    return plain | {"env": sorted(pool.env)}


def _new_folder(parent: Path, stem: str) -> Path:
    number = 1
    while True:
        folder = parent / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
            continue
        return folder
