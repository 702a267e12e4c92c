"""`Replica`: one process of a job, before it is started."""

from __future__ import annotations

from dataclasses import dataclass

CHIEF_POOL, WORKER_POOL, SERVER_POOL, EVALUATOR_POOL = range(4)
"""Places of the worker pools in a job."""


@dataclass(frozen=True, slots=True)
class Replica:
    """Who a process is, and where.

    >>> Replica(pool=1, role="worker", index=0, node=0, host="127.0.0.1", port=2222).name
    'worker-0'
    """

    pool: int
    role: str
    """As TF_CONFIG names it: chief or master, worker, ps, evaluator."""
    index: int
    node: int
    """On which machine: its place in the list of nodes."""
    host: str
    port: int

    @property
    def name(self) -> str:
        """`worker-0`: before its lines, in events, and of its log."""
        return f"{self.role}-{self.index}"

    @property
    def address(self) -> str:
        """`host:port`, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def trains(self) -> bool:
        """Whether it is one of the ranks of all-reduce: the primary replica and the workers."""
        return self.pool in (CHIEF_POOL, WORKER_POOL)
