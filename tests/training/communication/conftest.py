"""Cases that several processes run together: all of them in one start of the processes, since that takes seconds."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(1, str(Path(__file__).parents[3] / "benchmarks"))

from communication_cases import CASES

PROGRAM = Path(__file__).parent / "communication_cases.py"

Outcome = list[dict[str, Tensor]]
"""What a case gave in each process."""
SECONDS = 280
"""That all cases of one kind may take."""


@functools.cache
def outcomes(size: int, names: tuple[str, ...]) -> Path:
    """The folder with what each of `names` gave in each of `size` processes."""
    folder = Path(tempfile.mkdtemp())
    command = [sys.executable, str(PROGRAM), str(size), str(folder), *names]
    shared = PROGRAM.parents[4] / "shared" / "data"
    environment = os.environ | {
        "GLOO_SOCKET_IFNAME": "lo",
        "OMP_NUM_THREADS": "1",
        "HAGANE_SHARED_DATA": str(shared),
    }
    processes = [
        subprocess.Popen([*command[:3], str(rank), *command[3:]], env=environment, stderr=subprocess.PIPE, text=True)
        for rank in range(size)
    ]
    try:
        errors = [process.communicate(timeout=SECONDS)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, error in zip(processes, errors, strict=True):
        assert process.returncode == 0, error
    return folder


@pytest.fixture
def together() -> Callable[..., Outcome]:
    """(name of a case, number of processes) → what it gave in each."""

    def run(name: str, size: int = 2) -> Outcome:
        names = tuple(
            case for case, spec in CASES.items() if size in spec.sizes and spec.is_slow is CASES[name].is_slow
        )
        folder = outcomes(size, names)
        failures = sorted(folder.glob(f"{name}-*.txt"))
        assert not failures, failures[0].read_text()
        return [load_file(folder / f"{name}-{rank}.safetensors") for rank in range(size)]

    return run
