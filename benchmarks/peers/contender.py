"""`Contender`: who trains in a process of its own, in whatever environment, and answers commands.

A command is a line on its stdin; the answer is a line of JSON. So contenders can take turns without being started for
each: imports are in nobody's time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

MODULES = Path(__file__).parents[1]


class Problem(NamedTuple):
    """What every contender trains: one file, one network."""

    file: str
    """Parquet, with a column `part`: TRAIN, EVAL or TEST."""
    label: str
    numbers: list[str]
    categories: dict[str, int]
    """Column → width of its embedding."""
    kind: str
    """`dnn`, or `wide`: beside it a linear model over the categories, by an optimizer of its own (FTRL, 0.1)."""
    hidden_units: list[int]
    dropout: float
    batch_size: int
    learn_rate: float
    """Of AdamW; it stays as it is."""
    epochs: int
    threads: int
    """And processors: contenders are bound to as many."""


class Cost(NamedTuple):
    """Seconds of one piece of work, by the clock and of all processors."""

    clock: float
    processor: float


class Contender:
    """A module of this package that calls `answer_commands`, run by `python`."""

    def __init__(self, python: Path | str, module: str, problem: Problem, folder: Path) -> None:
        given = folder / f"{module}.json"
        given.write_text(json.dumps(problem._asdict()))
        self.answer: dict[str, Any] = {}
        """To the last command whose cost was asked."""
        self._log = (folder / f"{module}.log").open("w")
        environment = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(problem.threads))
        environment["PYTHONPATH"] = os.pathsep.join([str(MODULES), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        self._process = subprocess.Popen(
            [str(python), "-m", f"peers.{module}", str(given)], cwd=folder, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self._log, env=os.environ | environment,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._log.close()

    def ask(self, command: str) -> dict[str, Any]:
        """What it answers to `command`. Raises RuntimeError where it ended instead."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"it ended at {command!r}: see {self._log.name}")
        found: dict[str, Any] = json.loads(answer)
        return found

    def cost(self, command: str) -> Cost:
        """Of a command that answers with one."""
        self.answer = self.ask(command)
        return Cost(self.answer["clock"], self.answer["processor"])


def take_problem() -> tuple[Problem, IO[str]]:
    """In the contender's process, before it imports anything: what it was started for, and where answers go.

    Binds the process to its processors. Whatever else is printed from here on goes to stderr.
    """
    problem = Problem(**json.loads(Path(sys.argv[1]).read_text()))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-problem.threads :])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return problem, answers


def answer_commands(answers: IO[str], commands: Mapping[str, Callable[[], Mapping[str, Any]]]) -> None:
    """Until stdin ends."""
    for line in sys.stdin:
        answers.write(json.dumps(commands[line.strip()]()) + "\n")
        answers.flush()


def clocked(work: Callable[[], object]) -> dict[str, float]:
    """What `work` costs, as an answer."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return {"clock": time.perf_counter() - clock, "processor": time.process_time() - processor}
