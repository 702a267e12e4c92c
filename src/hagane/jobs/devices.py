"""What of this machine each replica gets: cores as threads, GPUs as CUDA_VISIBLE_DEVICES."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hagane.counted import counted
from hagane.errors import Fault, SpecError

DRIVER = Path("/proc/driver/nvidia/gpus")
DEVICES = Path("/dev")


def visible_gpus(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The GPUs by the names that CUDA_VISIBLE_DEVICES takes: those that it lists, else all that the driver has.

    >>> visible_gpus({"CUDA_VISIBLE_DEVICES": "2,GPU-5a"}), visible_gpus({"CUDA_VISIBLE_DEVICES": "-1"})
    (('2', 'GPU-5a'), ())
    """
    listed = environment.get("CUDA_VISIBLE_DEVICES")
    if listed is None:
        return tuple(map(str, range(num_gpus())))
    found: list[str] = []
    for name in (word.strip() for word in listed.split(",")):
        if not name or name.startswith("-"):  # CUDA reads no further than the first name that is none
            break
        found.append(name)
    return tuple(found)


def num_gpus(driver: Path = DRIVER, devices: Path = DEVICES) -> int:
    """NVIDIA's GPUs of this machine, or of this container, in which one of the two places may show the host's."""
    known = len(list(driver.iterdir())) if driver.is_dir() else 0
    given = len([each for each in devices.glob("nvidia*") if each.name.removeprefix("nvidia").isdigit()])
    return min(known, given) or max(known, given)


def share_gpus(gpus: Sequence[str], num_ranks: int, each: int | None = None) -> list[tuple[str, ...]] | None:
    """The GPUs of each rank of this machine, or None where all see all of them.

    `each` says how many a rank gets, 0 that they are not divided; without it they are divided evenly as far as there is
    one for each rank.

    Raises SpecError where there are too few.

    >>> share_gpus(("0", "1", "2"), 2), share_gpus(("0",), 2), share_gpus(("0", "1"), 2, 0)
    ([('0',), ('1',)], None, None)
    """
    if (each or 0) * num_ranks > len(gpus):
        what = f"{counted(num_ranks, 'replica')} with {each} GPUs of its own each"
        raise SpecError(Fault(what=what, where="gpus_per_replica", received=f"{len(gpus)} GPUs are visible here"))
    count = len(gpus) // max(1, num_ranks) if each is None else each
    if count == 0:
        return None
    return [tuple(gpus[rank * count : (rank + 1) * count]) for rank in range(num_ranks)]
