"""`MemoryBudget`: how much memory the work on data may take, and how it is shared out."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hagane.errors import Fault, SpecError
from hagane.usable_cores import usable_cores

DEFAULT_SHARE = 0.5
LEAST_BYTES = 64 << 20
"""Below it no table can be read."""
_UNITS = {"": 1, "B": 1} | {f"{u}{i}B": b**p for i, b in (("", 1000), ("I", 1024)) for p, u in enumerate("KMGT", 1)}
_WRITTEN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(%|[A-Za-z]*)\s*")
_THREAD_BYTES = 128 << 20
_CGROUPS, _OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


@dataclass(frozen=True)
class MemoryBudget:
    """Bytes for rows in work: DuckDB's intermediates, batches on their way, samples, blocks that are kept.

    What a process needs to start (libraries, the model itself) comes on top.
    """

    num_bytes: int

    @staticmethod
    def of(limit: str | int | None = None) -> MemoryBudget:
        """From `2GiB`, `800 MB`, `30%` (of the machine's), a number of bytes; None is half of the machine's.

        The machine's memory is what this process may have of it: control groups count. Raises SpecError, for less than
        64 MiB too.

        >>> MemoryBudget.of("1.5 GiB").num_bytes, MemoryBudget.of("2GB").num_bytes
        (1610612736, 2000000000)
        """
        if limit is None:
            return MemoryBudget(int(machine_memory() * DEFAULT_SHARE))
        num_bytes = limit if isinstance(limit, int) else parse_memory(limit)
        if num_bytes < LEAST_BYTES:
            least = f"at least {LEAST_BYTES >> 20} MiB"
            raise SpecError(
                Fault(what="memory_limit is too small", where="memory_limit", expected=least, received=str(limit))
            )
        return MemoryBudget(num_bytes)

    @property
    def database_bytes(self) -> int:
        """DuckDB's, beyond which it spills to disk."""
        return self.num_bytes // 2

    @property
    def database_threads(self) -> int:
        """As many threads as DuckDB has memory for: each holds row groups and hash tables of its own."""
        return max(1, min(usable_cores(), self.database_bytes // _THREAD_BYTES))

    @property
    def sample_bytes(self) -> int:
        """For values that are looked at all at once."""
        return self.num_bytes // 8

    @property
    def read_ahead_bytes(self) -> int:
        """For rows that are decoded before they are asked for."""
        return max(8 << 20, min(256 << 20, self.num_bytes // 16))

    @property
    def cache_bytes(self) -> int:
        """For blocks that are kept from pass to pass."""
        return min(1 << 30, self.num_bytes // 4)


def parse_memory(text: str) -> int:
    """Bytes. Raises SpecError with what can be written.

    >>> parse_memory("512MiB")
    536870912
    """
    written = _WRITTEN.fullmatch(text)
    unit = written[2].upper() if written else None
    if written and unit == "%" and 0 < float(written[1]) <= 100:
        return int(machine_memory() * float(written[1]) / 100)
    if written and unit in _UNITS and float(written[1]) * _UNITS[unit] >= 1:
        return int(float(written[1]) * _UNITS[unit])
    expected = "a size such as 2GiB, 800MB or 50%"
    raise SpecError(
        Fault(what=f"{text!r} is no amount of memory", where="memory_limit", expected=expected, received=text)
    )


def machine_memory() -> int:
    """Bytes that this process may have: the machine's, or less where a control group or a resource limit says so."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    address_space, _ = resource.getrlimit(resource.RLIMIT_AS)
    limits = [physical, *group_limits()]
    return min([*limits, address_space] if address_space != resource.RLIM_INFINITY else limits)


def group_limits(groups: Path = _OWN_GROUPS, root: Path = _CGROUPS) -> Iterator[int]:
    """The memory limits of the control groups (v1 or v2) that this process is in, and of those above them."""
    for line in groups.read_text().splitlines() if groups.is_file() else ():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        base, name = (root / "memory", "memory.limit_in_bytes") if controllers else (root, "memory.max")
        parts = [part for part in path.split("/") if part and part != ".."]
        for depth in range(len(parts), -1, -1):
            file = base.joinpath(*parts[:depth], name)
            text = file.read_text().strip() if file.is_file() else ""
            if text.isdigit():
                yield int(text)
