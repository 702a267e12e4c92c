"""`process_facts`: CPU time, memory and open files of the server's processes, from `/proc`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from hagane.serving.metrics.families import CPU_SECONDS, MAX_FDS, OPEN_FDS, RESIDENT, START_TIME
from hagane.serving.metrics.read_cells import ProcessCells, Series

_PROC = Path("/proc")


def process_facts(pids: Iterable[int]) -> list[ProcessCells]:
    """What Prometheus' own clients tell of a process, with its number as the label `pid`; nothing where there is no
    `/proc`, or no such process any more."""
    return [ProcessCells(pid, True, tuple(facts)) for pid in pids if (facts := _facts(pid))]


def _facts(pid: int) -> list[Series]:
    labels = (("pid", str(pid)),)
    return [Series(family, labels, (value,)) for family, value in _values(_PROC / str(pid))]


def _values(place: Path) -> list[tuple[str, float]]:
    try:
        return list(_read(place))
    except (OSError, ValueError, IndexError):
        return []


def _read(place: Path) -> Iterator[tuple[str, float]]:
    ticks = os.sysconf("SC_CLK_TCK")
    fields = (place / "stat").read_text().rpartition(")")[2].split()  # the name before may hold anything
    yield CPU_SECONDS.name, (int(fields[11]) + int(fields[12])) / ticks
    yield RESIDENT.name, float(int(fields[21]) * os.sysconf("SC_PAGE_SIZE"))
    yield START_TIME.name, _boot_time() + int(fields[19]) / ticks
    yield OPEN_FDS.name, float(len(os.listdir(place / "fd")))
    limit = next(line for line in (place / "limits").read_text().splitlines() if line.startswith("Max open files"))
    yield MAX_FDS.name, float("inf") if limit.split()[3] == "unlimited" else float(limit.split()[3])


def _boot_time() -> float:
    lines = (_PROC / "stat").read_text().splitlines()
    return float(next(line for line in lines if line.startswith("btime")).split()[1])
