"""`agree_on_fault`: processes that fail together say the same, in the words of the one that knows best why."""

from __future__ import annotations

import msgspec

from hagane.errors import Fault
from hagane.training.group import Group


def agree_on_fault(group: Group, fault: Fault, doubt: int) -> Fault:
    """The fault of the process with the least `doubt` (from 0); of several of these the first one's.

    Every process of `group` calls it.
    """
    if group.size == 1:
        return fault
    doubts = group.add_up([doubt + 1.0 if rank == group.rank else 0.0 for rank in range(group.size)])
    speaker = min((each, rank) for rank, each in enumerate(doubts) if each)[1]
    spoken = msgspec.json.encode(fault) if speaker == group.rank else b""
    (length,) = group.add_up([float(len(spoken))])
    text = group.add_up([float(byte) for byte in spoken] or [0.0] * int(length))
    return msgspec.json.decode(bytes(map(int, text)), type=Fault)
