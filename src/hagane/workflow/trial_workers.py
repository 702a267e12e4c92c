"""How a study's trials are handed to processes: an order in one folder, plain data alone."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from hagane.data.open_table import open_table
from hagane.data.readers.frame import is_frame, to_arrow
from hagane.memory_budget import LEAST_BYTES, MemoryBudget
from hagane.spec.read_yaml import read_yaml
from hagane.spec.spec import Spec
from hagane.spec.write_yaml import write_yaml
from hagane.tuning.run_trial import RunTrial
from hagane.usable_cores import usable_cores
from hagane.workflow.study_run import study_run
from hagane.workspace.workspace import Workspace
from hagane.write_aside import write_aside

ORDER, FRAME = "order.json", "frame.arrow"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is told once."""

    spec: str
    """As YAML, with its hyperparameters open (`searched_spec`)."""
    workspace: str
    has_frame: bool
    num_threads: int


def threads_each(num_workers: int) -> int:
    """The cores of one of so many processes: all together have no more than there are, where there is one for each.

    >>> threads_each(1) == usable_cores()
    True
    """
    return max(1, usable_cores() // num_workers)


def write_order(folder: Path, spec: Spec, workspace: Workspace, frame: object | None, *, num_workers: int) -> list[str]:
    """Lay out all that workers need; the command that starts one. Their memory is shared out as the cores are."""
    budget = max(LEAST_BYTES, MemoryBudget.of(spec.training.memory_limit).num_bytes // num_workers)
    training = msgspec.structs.replace(spec.training, memory_limit=str(budget))
    if frame is not None:
        write_aside(folder / FRAME, lambda path: _write_frame(path, frame))
    order = Order(
        spec=write_yaml(msgspec.structs.replace(spec, training=training)),
        workspace=str(workspace.root),
        has_frame=frame is not None,
        num_threads=threads_each(num_workers),
    )
    write_aside(folder / ORDER, msgspec.json.encode(order))
    return [sys.executable, "-P", "-m", "hagane.workflow.start_trial_worker", str(folder), str(os.getpid())]


def read_order(folder: Path) -> RunTrial:
    """What runs the trials of the order. The rows of a frame are mapped, once for all workers."""
    order = msgspec.json.decode((folder / ORDER).read_bytes(), type=Order)
    frame = pa.ipc.open_file(pa.memory_map(str(folder / FRAME))).read_all() if order.has_frame else None
    spec, workspace = read_yaml(order.spec), Workspace(order.workspace)
    return study_run(spec, workspace, frame, num_threads=order.num_threads)


def _write_frame(path: Path, frame: Any) -> None:
    table = to_arrow(frame) if is_frame(frame) else open_table(frame).query("SELECT * FROM data")
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
