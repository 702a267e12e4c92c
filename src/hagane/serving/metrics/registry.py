"""`Registry`: what this process counts, and what all processes of the server have counted."""

from __future__ import annotations

import os
import threading
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path

from hagane.serving.metrics.cells import Cells
from hagane.serving.metrics.family import Family
from hagane.serving.metrics.read_cells import ProcessCells, parse_cells, read_cells


class Number:
    """One series of a counter or a gauge. Any thread may change it."""

    __slots__ = ("_at", "_lock", "_values")

    def __init__(self, values: memoryview[float], at: int, lock: threading.Lock) -> None:
        self._values, self._at, self._lock = values, at, lock

    def add(self, amount: float = 1.0) -> None:
        """Count; a counter's amounts are never negative."""
        with self._lock:
            self._values[self._at] += amount

    def set(self, value: float) -> None:
        """For gauges."""
        self._values[self._at] = value

    @property
    def value(self) -> float:
        """Of this process alone."""
        return self._values[self._at]


class Histogram:
    """One series of a histogram. Only one thread at a time may observe: on the way of a request there is no lock."""

    __slots__ = ("_at", "_bounds", "_sum", "_values")

    def __init__(self, values: memoryview[float], at: int, bounds: tuple[float, ...]) -> None:
        self._values, self._at, self._bounds, self._sum = values, at, bounds, at + len(bounds) + 1

    def observe(self, value: float) -> None:
        """Count one value: in the first bucket whose bound it does not pass."""
        values = self._values
        values[self._at + bisect_left(self._bounds, value)] += 1.0
        values[self._sum] += value


class Registry:
    """Made once a process, after it was forked. With a `folder`, that of all processes of one server.

    >>> requests = Family("requests", "counter", "How many.", ("status",))
    >>> registry = Registry()
    >>> registry.number(requests, "2xx").add(2)
    >>> registry.processes()[0].series
    (Series(family='requests', labels=(('status', '2xx'),), cells=(2.0,)),)
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._cells = Cells(folder)
        self._lock = threading.Lock()
        self._samplers: list[Callable[[], object]] = []

    def number(self, family: Family, *labels: str) -> Number:
        """The series of a counter or gauge whose labels have these values; look it up once, and keep it."""
        return Number(self._cells.values, self.place(family, labels), self._lock)

    def histogram(self, family: Family, *labels: str) -> Histogram:
        """The series of a histogram."""
        return Histogram(self._cells.values, self.place(family, labels), family.bounds)

    def place(self, family: Family, labels: tuple[str, ...]) -> int:
        """The index in `values` of the first cell of a series, for a thread that counts there itself, and alone."""
        assert len(labels) == len(family.labels), f"{family.name} has the labels {family.labels}"
        key = [family.name, dict(zip(family.labels, labels, strict=True))]
        return self._cells.series(key, family.num_cells)

    @property
    def values(self) -> memoryview[float]:
        """Every cell."""
        return self._cells.values

    def sample_with(self, sampler: Callable[[], object]) -> None:
        """Call `sampler` before the numbers are read: it sets gauges of what is true now (a queue's length)."""
        self._samplers.append(sampler)

    def sample(self) -> None:
        """Call the samplers: this process's gauges are as of now. With other processes, every second."""
        for sampler in self._samplers:
            sampler()

    def processes(self) -> list[ProcessCells]:
        """What every process of the server has counted; this one's gauges as of now."""
        self.sample()
        if self.folder is None:
            own = parse_cells(self._cells.content())
            return [own._replace(pid=os.getpid())]
        return read_cells(self.folder)

    def close(self) -> None:
        """Count no more; what was counted stays in the folder."""
        self._cells.close()
