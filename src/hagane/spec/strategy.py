"""`Strategy`: which processes train a network together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from hagane.errors import Fault

StrategyType = Literal["single", "mirrored", "multi_worker"]
NUM_NODES = re.compile(r"(\d+)(?::(\d+))?")
ENDPOINT = re.compile(r"(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})")
MOST_PROCESSES = 4096


class Strategy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`single`: this process. `mirrored`: several of this machine. `multi_worker`: several machines, each of which runs
    the same command on the same data."""

    type: StrategyType = "single"
    num_processes: int | None = None
    """Of each machine. None: one a GPU, or one a core where there is none."""
    num_nodes: str = "1"
    """Machines; `1:4` begins with one, and takes up to four as they come and go."""
    rendezvous: str | None = None
    """`host:port` of one of the machines, the same on each: where they meet."""
    max_restarts: int = 3
    """How often processes that died are started again."""
    sharding: Literal["auto", "replicated", "full"] = "auto"
    """`replicated`: each process holds the model (DDP). `full`: each holds a part of it (FSDP2). `auto`: the first,
    unless weights, gradients and optimizer would not fit a process's share of the memory."""

    @property
    def nodes(self) -> tuple[int, int]:
        """The least and the most machines.

        >>> Strategy(num_nodes="2").nodes, Strategy(num_nodes="1:4").nodes
        ((2, 2), (1, 4))
        """
        least, _, most = self.num_nodes.partition(":")
        return int(least), int(most or least)


def strategy_faults(strategy: Strategy) -> Iterator[Fault]:
    """What does not go together."""
    at = "training.strategy"
    if strategy.num_processes is not None and not 1 <= strategy.num_processes <= MOST_PROCESSES:
        yield Fault(what="num_processes is out of range", where=f"{at}.num_processes",
                    expected=f"1 to {MOST_PROCESSES}", received=str(strategy.num_processes))  # fmt: skip
    if strategy.max_restarts < 0:
        yield Fault(what="max_restarts is out of range", where=f"{at}.max_restarts", expected="0 or more",
                    received=str(strategy.max_restarts))  # fmt: skip
    yield from _nodes(strategy, at)
    if strategy.rendezvous is not None and not ENDPOINT.fullmatch(strategy.rendezvous):
        yield Fault(what="the machines cannot meet there", where=f"{at}.rendezvous", expected="host:port",
                    received=strategy.rendezvous)  # fmt: skip
    if strategy.type == "multi_worker" and strategy.rendezvous is None:
        yield Fault(what="several machines need a place to meet", where=f"{at}.rendezvous",
                    next_step="set rendezvous: host:port of one of them, the same on each")  # fmt: skip
    if strategy.type == "single" and strategy.num_processes not in (None, 1):
        yield Fault(what="the strategy 'single' is one process", where=f"{at}.num_processes",
                    received=str(strategy.num_processes), next_step="take type: mirrored")  # fmt: skip


def _nodes(strategy: Strategy, at: str) -> Iterator[Fault]:
    found = NUM_NODES.fullmatch(strategy.num_nodes)
    if not found or int(found[1]) < 1 or int(found[2] or found[1]) < int(found[1]):
        yield Fault(what="num_nodes is no number of machines", where=f"{at}.num_nodes",
                    expected="a number, or the least and the most as 1:4", received=strategy.num_nodes)  # fmt: skip
    elif strategy.type != "multi_worker" and strategy.num_nodes != "1":
        yield Fault(what=f"the strategy '{strategy.type}' is one machine", where=f"{at}.num_nodes",
                    received=strategy.num_nodes, next_step="take type: multi_worker")  # fmt: skip
